// Command secure runs a workflow over TLS, with Application Default Credentials.
//
//	secure HOST:PORT
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"golang.org/x/oauth2/google"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/oauth"

	ringback "example.com/approvals/gen/ringback/v1"
)

func main() {
	ctx := context.Background()
	// A key file, which GOOGLE_APPLICATION_CREDENTIALS names, or the metadata server.
	found, err := google.FindDefaultCredentials(
		ctx, "https://www.googleapis.com/auth/cloud-platform")
	if err != nil {
		log.Fatal(err)
	}
	channel, err := grpc.NewClient(
		os.Args[1],
		// SSL_CERT_FILE names the server's ca.pem.
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(nil, "")),
		grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: found.TokenSource}))
	if err != nil {
		log.Fatal(err)
	}
	executions := ringback.NewExecutionsClient(channel)
	execution, err := executions.CreateExecution(ctx, &ringback.CreateExecutionRequest{
		Parent:    "projects/local/locations/us-central1/workflows/hello",
		Execution: &ringback.Execution{Argument: `{"name": "Ada"}`},
	})
	if err != nil {
		log.Fatal(err)
	}
	execution, err = executions.WaitExecution(
		ctx, &ringback.WaitExecutionRequest{Name: execution.Name})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(execution.Result)
}
