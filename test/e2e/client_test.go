package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// client speaks the V3 API of one store.
type client struct {
	t     testing.TB
	url   string // of the server
	base  string // of the store's V3 API
	token string
	http  *http.Client
}

func newClient(t testing.TB, url, store, token string) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{
		t: t, url: url, base: url + "/stores/" + store + "/v3", token: token,
		http: &http.Client{Transport: transport, Timeout: patience},
	}
}

// send makes a request and returns its answer; it is safe in any goroutine.
func (c *client) send(method, path string, body any) (status int, answer []byte, err error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, c.base+path, r)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("X-Auth-Token", c.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// call is send for requests that must be answered with the given status.
func (c *client) call(want int, method, path string, body any) []byte {
	c.t.Helper()
	status, answer, err := c.send(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if status != want {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, answer)
	}
	return answer
}

// get returns the status of a path outside the API.
func (c *client) get(path string) (status int, err error) {
	res, err := c.http.Get(c.url + path)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// awaitReady waits until /readyz answers with a status.
func (c *client) awaitReady(want int) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		status, err := c.get("/readyz")
		if err != nil {
			c.t.Fatal(err)
		}
		if status == want {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("/readyz keeps answering %d, want %d", status, want)
		}
	}
}

// page is the answer of a list or a write.
type page[T any] struct {
	Data []T `json:"data"`
	Meta struct {
		Pagination *struct {
			Total      int `json:"total"`
			Count      int `json:"count"`
			TotalPages int `json:"total_pages"`
		} `json:"pagination"`
		Cursors *struct {
			Count int               `json:"count"`
			Links map[string]string `json:"links"`
		} `json:"cursor_pagination"`
	} `json:"meta"`
}

type customer struct {
	ID         int64     `json:"id"`
	Email      string    `json:"email"`
	FirstName  string    `json:"first_name"`
	LastName   string    `json:"last_name"`
	Company    string    `json:"company"`
	Notes      string    `json:"notes"`
	GroupID    int64     `json:"customer_group_id"`
	Addresses  []address `json:"addresses"`
	Attributes []struct {
		ID    int64  `json:"id"`
		Value string `json:"attribute_value"`
	} `json:"attributes"`
	FormFields []struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	} `json:"form_fields"`
}

type address struct {
	ID         int64  `json:"id"`
	CustomerID int64  `json:"customer_id"`
	FirstName  string `json:"first_name"`
	Address1   string `json:"address1"`
	City       string `json:"city"`
	State      string `json:"state_or_province"`
	Country    string `json:"country"`
}

// list fetches one page of a list.
func list[T any](c *client, path string) page[T] {
	c.t.Helper()
	p, err := decode[T](c.call(http.StatusOK, http.MethodGet, path, nil))
	if err != nil {
		c.t.Fatalf("%s: %v", path, err)
	}
	return p
}

func decode[T any](answer []byte) (p page[T], err error) {
	if err := json.Unmarshal(answer, &p); err != nil {
		return p, fmt.Errorf("%w: %s", err, answer)
	}
	return p, nil
}

// create makes one customer, which must succeed.
func (c *client) create(email string) customer {
	c.t.Helper()
	p, err := decode[customer](c.call(http.StatusOK, http.MethodPost, "/customers", []any{person(email)}))
	if err != nil || len(p.Data) != 1 || p.Data[0].Email != email {
		c.t.Fatalf("create %s: %+v (%v)", email, p.Data, err)
	}
	return p.Data[0]
}

func absolute(t testing.TB, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// fetch returns what a URL answers without credentials.
func fetch(url string) (status int, text string, err error) {
	res, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}
