package v3

import (
	"clientele/internal/customer"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
)

// Object reads a body that is one object.
func Object[In any](read func(decode.Object) In) func(*rest.Call) (In, error) { return object(read) }

// Get answers with what the path names. It takes no query parameters.
func Get[At, T any](at func(*rest.Call) (At, error), read func(*rest.Call, At) (*T, error), send func(*rest.Call, *T)) func(*rest.Call) error {
	return get(at, read, send)
}

// One sends a thing and an empty meta.
func One[T any](row func([]byte, *T) []byte) func(*rest.Call, *T) { return one(row) }

// Created is One for what was made.
func Created[T any](row func([]byte, *T) []byte) func(*rest.Call, *T) { return created(row) }

// AppendCustomer appends a customer as in the list without includes.
func AppendCustomer(b []byte, c *customer.Customer) []byte { return appendCustomer(b, c, parts{}) }
