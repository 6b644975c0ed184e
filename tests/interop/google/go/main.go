// Google's clients of Workflows for Go against Ringback.
//
// Arguments: an id for the workflow, and the URL of the server's HTTP port. The gRPC address is in
// RINGBACK_ADDRESS, credentials are where Google's libraries look for them.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	workflows "cloud.google.com/go/workflows/apiv1"
	"cloud.google.com/go/workflows/apiv1/workflowspb"
	executions "cloud.google.com/go/workflows/executions/apiv1"
	"cloud.google.com/go/workflows/executions/apiv1/executionspb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	locationpb "google.golang.org/genproto/googleapis/cloud/location"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

const (
	parent = "projects/local/locations/us-central1"
	first  = "main:\n  steps:\n    - finish:\n        return: first\n"
	source = `
main:
  params: [order]
  steps:
    - check:
        switch:
          - condition: ${order.number < 1}
            raise: {code: 7, message: no such order}
    - ask:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: endpoint
    - wait:
        call: events.await_callback
        args: {callback: "${endpoint}", timeout: 300}
        result: answer
    - finish:
        return: {order: "${order.number}", approved: "${answer.http_request.body.approved}"}
`
)

// clients are what one server is called with.
type clients struct {
	workflows  *workflows.Client
	executions *executions.Client
	http       *http.Client
	url        string
}

// connect makes clients, and the context that carries what each call needs.
func connect(ctx context.Context, url string) (context.Context, *clients) {
	found := must(credentials.DetectDefault(&credentials.DetectOptions{
		Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"},
	}))
	scheme, address, _ := strings.Cut(os.Getenv("RINGBACK_ADDRESS"), "://")
	options := []option.ClientOption{option.WithEndpoint(address)}
	if scheme == "http" {
		// gRPC refuses to send credentials in plaintext, so the token goes along as metadata.
		ctx = withToken(ctx, found)
		plaintext := grpc.WithTransportCredentials(insecure.NewCredentials())
		options = append(options, option.WithoutAuthentication(), option.WithGRPCDialOption(plaintext))
	}
	return ctx, &clients{
		workflows:  must(workflows.NewClient(ctx, options...)),
		executions: must(executions.NewClient(ctx, options...)),
		http:       must(httptransport.NewClient(&httptransport.Options{Credentials: found})),
		url:        url,
	}
}

func withToken(ctx context.Context, found *auth.Credentials) context.Context {
	token := must(found.Token(ctx))
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token.Value)
}

// deploy deploys twice, and looks at what there is then.
func (c *clients) deploy(ctx context.Context, id string, seen map[string]any) string {
	operation := must(c.workflows.CreateWorkflow(ctx, &workflowspb.CreateWorkflowRequest{
		Parent:     parent,
		WorkflowId: id,
		Workflow: &workflowspb.Workflow{
			SourceCode: &workflowspb.Workflow_SourceContents{SourceContents: first},
			Labels:     map[string]string{"team": "blue"},
		},
	}))
	workflow := must(operation.Wait(ctx))
	revision := workflow.RevisionId
	verb := must(operation.Metadata()).Verb
	seen["created"] = []any{workflow.Name, workflow.State.String(), revision[:6], verb}
	workflow.SourceCode = &workflowspb.Workflow_SourceContents{SourceContents: source}
	workflow.Labels["team"] = "red"
	update := must(c.workflows.UpdateWorkflow(ctx, &workflowspb.UpdateWorkflowRequest{
		Workflow:   workflow,
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"source_contents", "labels"}},
	}))
	workflow = must(update.Wait(ctx))
	seen["updated"] = []any{workflow.RevisionId[:6], workflow.Labels}
	name := workflow.Name
	old := must(c.workflows.GetWorkflow(ctx, &workflowspb.GetWorkflowRequest{
		Name: name, RevisionId: revision,
	}))
	seen["old"] = old.GetSourceContents() == first
	revisions := c.workflows.ListWorkflowRevisions(ctx, &workflowspb.ListWorkflowRevisionsRequest{
		Name: name, PageSize: 1,
	})
	seen["revisions"] = each(revisions.Next, func(found *workflowspb.Workflow) any {
		return found.RevisionId[:6]
	})
	listed := c.workflows.ListWorkflows(ctx, &workflowspb.ListWorkflowsRequest{
		Parent: parent, PageSize: 1,
	})
	seen["listed"] = holds(each(listed.Next, func(found *workflowspb.Workflow) any {
		return found.Name
	}), name)
	done := must(c.workflows.GetOperation(ctx, &longrunningpb.GetOperationRequest{
		Name: operation.Name(),
	}))
	operations := c.workflows.ListOperations(ctx, &longrunningpb.ListOperationsRequest{Name: parent})
	names := each(operations.Next, func(found *longrunningpb.Operation) any { return found.Name })
	seen["operations"] = []any{done.Done, holds(names, done.Name)}
	location := must(c.workflows.GetLocation(ctx, &locationpb.GetLocationRequest{Name: parent}))
	all := c.workflows.ListLocations(ctx, &locationpb.ListLocationsRequest{Name: "projects/local"})
	names = each(all.Next, func(found *locationpb.Location) any { return found.Name })
	seen["locations"] = []any{location.LocationId, holds(names, location.Name)}
	return name
}

// run executes: once to the end, once to a failure, and once until it is cancelled.
func (c *clients) run(ctx context.Context, workflow string, seen map[string]any) {
	execution := c.execute(ctx, workflow, `{"number": 9007199254740993}`)
	seen["callback"] = c.answer(c.poll(ctx, execution, waits))
	execution = c.poll(ctx, execution, ended)
	seen["ended"] = []any{execution.State.String(), execution.Argument, execution.Result}
	execution = c.poll(ctx, c.execute(ctx, workflow, `{"number": 0}`), ended)
	payload := json.RawMessage(execution.GetError().GetPayload())
	seen["failed"] = []any{execution.State.String(), payload}
	execution = c.execute(ctx, workflow, `{"number": 2}`)
	cancel := &executionspb.CancelExecutionRequest{Name: execution.Name}
	seen["cancelled"] = must(c.executions.CancelExecution(ctx, cancel)).State.String()
	_, err := c.executions.CancelExecution(ctx, cancel)
	seen["again"] = refused(err)
	pages := [][]string{}
	request := &executionspb.ListExecutionsRequest{
		Parent: workflow, View: executionspb.ExecutionView_FULL,
	}
	pager := iterator.NewPager(c.executions.ListExecutions(ctx, request), 2, "")
	for token := "more"; token != ""; {
		var page []*executionspb.Execution
		token = must(pager.NextPage(&page))
		arguments := []string{}
		for _, found := range page {
			arguments = append(arguments, found.Argument)
		}
		pages = append(pages, arguments)
	}
	seen["pages"] = pages
	basic := c.executions.ListExecutions(ctx, &executionspb.ListExecutionsRequest{Parent: workflow})
	seen["basic"] = each(basic.Next, func(found *executionspb.Execution) any {
		return []any{found.State.String(), found.Argument}
	})
	request.Filter, request.OrderBy = `state!="FAILED"`, "createTime"
	filtered := c.executions.ListExecutions(ctx, request)
	seen["filtered"] = each(filtered.Next, func(found *executionspb.Execution) any {
		return found.Argument
	})
	_, err = c.executions.GetExecution(ctx, &executionspb.GetExecutionRequest{
		Name: workflow + "/executions/none",
	})
	seen["missing"] = refused(err)
}

// execute starts an execution with an argument, which is JSON.
func (c *clients) execute(ctx context.Context, workflow, argument string) *executionspb.Execution {
	return must(c.executions.CreateExecution(ctx, &executionspb.CreateExecutionRequest{
		Parent: workflow, Execution: &executionspb.Execution{Argument: argument},
	}))
}

// poll looks at an execution until it is as it should be.
func (c *clients) poll(
	ctx context.Context, execution *executionspb.Execution, until func(*executionspb.Execution) bool,
) *executionspb.Execution {
	for !until(execution) {
		time.Sleep(100 * time.Millisecond)
		request := &executionspb.GetExecutionRequest{Name: execution.Name}
		execution = must(c.executions.GetExecution(ctx, request))
	}
	return execution
}

// waits tells whether an execution has come to its callback.
func waits(execution *executionspb.Execution) bool {
	steps := execution.GetStatus().GetCurrentSteps()
	return len(steps) == 1 && steps[0].Step == "wait"
}

// ended tells whether an execution is at its end.
func ended(execution *executionspb.Execution) bool {
	return execution.State != executionspb.Execution_ACTIVE
}

// answer sends the callback for which an execution waits, and returns the HTTP status.
func (c *clients) answer(execution *executionspb.Execution) int {
	listed := must(c.http.Get(c.url + "/v1/" + execution.Name + "/callbacks"))
	defer listed.Body.Close()
	var found struct{ Callbacks []struct{ Name string } }
	check(json.NewDecoder(listed.Body).Decode(&found))
	endpoint := c.url + "/v1/" + found.Callbacks[0].Name
	body := bytes.NewBufferString(`{"approved": true}`)
	sent := must(c.http.Post(endpoint, "application/json", body))
	defer sent.Body.Close()
	return sent.StatusCode
}

// refused returns what a call is refused with: the error's type, and google.rpc's details.
func refused(err error) []any {
	var found *apierror.APIError
	if !errors.As(err, &found) {
		log.Fatalf("not refused by the server: %v", err)
	}
	fields := []string{}
	for _, violation := range found.Details().BadRequest.GetFieldViolations() {
		fields = append(fields, violation.Field)
	}
	status := code.Code(found.GRPCStatus().Code()).String()
	return []any{fmt.Sprintf("%T", found), status, found.Reason(), fields}
}

// each goes through what an iterator gives, which asks for page after page.
func each[T any](next func() (T, error), shown func(T) any) []any {
	all := []any{}
	for {
		found, err := next()
		if errors.Is(err, iterator.Done) {
			return all
		}
		check(err)
		all = append(all, shown(found))
	}
}

func holds(all []any, one any) bool {
	for _, found := range all {
		if found == one {
			return true
		}
	}
	return false
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctx, c := connect(ctx, os.Args[2])
	seen := map[string]any{}
	workflow := c.deploy(ctx, os.Args[1], seen)
	c.run(ctx, workflow, seen)
	_, err := c.workflows.CreateWorkflow(ctx, &workflowspb.CreateWorkflowRequest{
		Parent: parent, WorkflowId: "1", Workflow: &workflowspb.Workflow{
			SourceCode: &workflowspb.Workflow_SourceContents{SourceContents: first},
		},
	})
	seen["invalid"] = refused(err)
	removed := must(c.workflows.DeleteWorkflow(ctx, &workflowspb.DeleteWorkflowRequest{Name: workflow}))
	check(removed.Wait(ctx))
	_, err = c.workflows.GetWorkflow(ctx, &workflowspb.GetWorkflowRequest{Name: workflow})
	seen["deleted"] = refused(err)
	check(json.NewEncoder(os.Stdout).Encode(seen))
}
