// An OpenID provider with one client, whose access tokens are JWTs with the roles that it asks for.
// Arguments: the port, 0 for a free one. Its key is new at each start. Prints its URL.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	client = "orders"
	secret = "no-secret-to-speak-of"
)

// The library's own storage knows one client with client_credentials, whose tokens are opaque.
type users struct {
	*storage.Storage
}

type service struct {
	op.Client
}

func (service) GetID() string                       { return client }
func (service) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

func (u users) ClientCredentials(ctx context.Context, id, given string) (op.Client, error) {
	if id != client || given != secret {
		return nil, errors.New("unknown client")
	}
	known, err := u.Storage.ClientCredentials(ctx, "sid1", "verysecret")
	return service{known}, err
}

func (u users) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	audience := "https://ringback.test"
	if slices.Contains(scopes, "other") {
		audience = "https://other.test"
	}
	return &oidc.JWTTokenRequest{Subject: id, Audience: []string{"account", audience}, Scopes: scopes}, nil
}

func (u users) GetPrivateClaimsFromScopes(_ context.Context, _, _ string, scopes []string) (map[string]any, error) {
	return map[string]any{"realm_access": map[string]any{"roles": scopes}}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	store := users{storage.NewStorage(storage.NewUserStore(issuer))}
	router := exampleop.SetupServer(issuer, store, silent, false)
	fmt.Println(issuer)
	log.Fatal(http.Serve(listener, router))
}
