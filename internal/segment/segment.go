// Package segment holds segments, named sets that promotions are aimed at, and
// shopper profiles, which stand for customers in them. Segments and profiles
// are many to many; a customer has one profile at most.
package segment

import (
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds.
const (
	MaxSegments = 1000 // of a store
	MaxBatch    = 50   // segments or profiles of one request
)

// Segment is a named set of shopper profiles.
type Segment struct {
	ID           int64  // the order in which segments were made
	UUID         string // by which the world knows it, in lower case
	Name         string
	Description  string
	DateCreated  int64
	DateModified int64
}

// Profile stands for a customer.
type Profile struct {
	ID           int64
	UUID         string
	CustomerID   int64
	DateCreated  int64
	DateModified int64
}

// Create is the command to make a segment.
type Create struct {
	UUID        string // empty: drawn at random
	Name        string
	Description string
}

// Update is the command to change a segment; absent fields stay.
type Update struct {
	UUID        string
	Name        opt.Field[string]
	Description opt.Field[string]
}

// Service runs the use cases.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db: db, sys: sys} }
