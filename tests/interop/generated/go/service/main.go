// Command service takes orders over HTTP, and tells the workflow that sent one what came of it.
//
//	service HOST:PORT RINGBACK_URL
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2/google"
)

type order struct {
	Number      int    `json:"number"`
	CallbackURL string `json:"callback_url"`
}

func main() {
	trusted := os.Args[2] + "/v1/projects/"
	// Application Default Credentials: GCE_METADATA_HOST says where tokens come from.
	client, err := google.DefaultClient(
		context.Background(), "https://www.googleapis.com/auth/cloud-platform")
	if err != nil {
		log.Fatal(err)
	}
	client.Timeout = 10 * time.Second
	http.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		var taken order
		if err := json.NewDecoder(r.Body).Decode(&taken); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if !strings.HasPrefix(taken.CallbackURL, trusted) {
			// The token is for this server's callbacks: nobody else is to see it.
			http.Error(w, "callback_url must begin with "+trusted, http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		go func() {
			if err := confirm(client, taken); err != nil {
				log.Print(err)
			}
		}()
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}

// confirm calls the workflow back; what did not get through is sent again, and counts once.
func confirm(client *http.Client, taken order) error {
	body, err := json.Marshal(map[string]any{"order": taken.Number, "shipped_by": "go"})
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		request, err := http.NewRequest("POST", taken.CallbackURL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", fmt.Sprintf("shipped-%d", taken.Number))
		answer, err := client.Do(request)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("the callback was answered with %s", answer.Status)
			if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode < 500 {
				return err
			}
		}
		if attempt == 5 {
			return err
		}
		time.Sleep(time.Duration(attempt) * time.Second)
	}
}
