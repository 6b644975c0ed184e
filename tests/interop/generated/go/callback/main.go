// Command callback deploys a workflow, starts it, answers its callback and prints its result.
//
//	TOKEN=… callback HOST:PORT DEFINITION
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	ringback "example.com/approvals/gen/ringback/v1"
)

const (
	parent   = "projects/local/locations/us-central1"
	workflow = parent + "/workflows/approval-go"
)

func main() {
	source, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	channel, err := grpc.NewClient(
		os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer channel.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+os.Getenv("TOKEN"))

	if err := deploy(ctx, channel, string(source)); err != nil {
		log.Fatal(err)
	}
	ended, err := approve(ctx, channel)
	if err != nil {
		log.Fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"state":   ended.State.String(),
		"result":  json.RawMessage(ended.Result),
		"refusal": refusal(ctx, channel),
	})
}

// deploy creates the workflow, or changes the one that is there.
func deploy(ctx context.Context, channel grpc.ClientConnInterface, source string) error {
	workflows := ringback.NewWorkflowsClient(channel)
	wanted := &ringback.Workflow{
		SourceCode: &ringback.Workflow_SourceContents{SourceContents: source},
	}
	operation, err := workflows.CreateWorkflow(ctx, &ringback.CreateWorkflowRequest{
		Parent: parent, WorkflowId: "approval-go", Workflow: wanted,
	})
	if status.Code(err) == codes.AlreadyExists {
		wanted.Name = workflow
		operation, err = workflows.UpdateWorkflow(
			ctx, &ringback.UpdateWorkflowRequest{Workflow: wanted})
	}
	for err == nil && !operation.Done {
		operation, err = ringback.NewOperationsClient(channel).WaitOperation(
			ctx, &ringback.WaitOperationRequest{Name: operation.Name})
	}
	if err != nil {
		return err
	}
	return status.ErrorProto(operation.GetError())
}

// approve starts an execution, answers its callback and returns it once it has ended.
func approve(
	ctx context.Context, channel grpc.ClientConnInterface,
) (*ringback.Execution, error) {
	executions := ringback.NewExecutionsClient(channel)
	execution, err := executions.CreateExecution(ctx, &ringback.CreateExecutionRequest{
		Parent: workflow, Execution: &ringback.Execution{Argument: `{"number": 17}`},
	})
	if err != nil {
		return nil, err
	}
	watch, err := executions.WatchExecution(
		ctx, &ringback.WatchExecutionRequest{Name: execution.Name})
	if err != nil {
		return nil, err
	}
	answered := false
	for {
		seen, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			return execution, nil
		}
		if err != nil {
			return nil, err
		}
		execution = seen.Execution
		if len(seen.Callbacks) == 0 || answered {
			continue
		}
		_, err = ringback.NewCallbacksClient(channel).SendCallback(
			ctx, &ringback.SendCallbackRequest{
				Name:        seen.Callbacks[0].Name,
				Headers:     map[string]string{"X-Reviewer": "Ada"},
				ContentType: "application/json",
				Body:        []byte(`{"approved": true}`),
				RequestId:   "decision-17",
			})
		if err != nil {
			return nil, err
		}
		answered = true
	}
}

// refusal asks for an execution that is not there, and returns how the error arrives.
func refusal(ctx context.Context, channel grpc.ClientConnInterface) map[string]string {
	_, err := ringback.NewExecutionsClient(channel).GetExecution(
		ctx, &ringback.GetExecutionRequest{Name: workflow + "/executions/unknown"})
	told := status.Convert(err)
	seen := map[string]string{"code": told.Code().String(), "message": told.Message()}
	for _, detail := range told.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			seen["reason"] = info.Reason
		}
	}
	return seen
}
