package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	ringback "example.com/approvals/gen/ringback/v1"
)

func main() {
	ctx := metadata.AppendToOutgoingContext(
		context.Background(), "authorization", "Bearer "+os.Getenv("TOKEN"))
	channel, err := grpc.NewClient(
		os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
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
