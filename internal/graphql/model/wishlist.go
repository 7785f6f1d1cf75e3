package model

import (
	"sync"

	"clientele/internal/listing"
	"clientele/internal/wishlist"
)

// Wishlist is a list as its owner sees it.
type Wishlist struct {
	EntityID int64
	Name     string
	IsPublic bool
	Token    string
	Shelf    *Shelf
}

// PublicWishlist is a list as everybody sees it.
type PublicWishlist struct {
	EntityID int64
	Name     string
	Token    string
	IsOwner  *bool
	Shelf    *Shelf
}

// Shelf is lists that were read together, so that their items are too.
type Shelf struct {
	IDs []int64

	mu   sync.Mutex
	read map[ItemsAsked]func() (map[int64]*wishlist.ItemPage, error)
}

// ItemsAsked is what is asked of the items of a list: a window and, written
// out, a filter.
type ItemsAsked struct {
	listing.Window
	Filter string
}

// Items returns what load returns; the first caller loads for all that ask
// the same.
func (s *Shelf) Items(asked ItemsAsked, load func() (map[int64]*wishlist.ItemPage, error)) (map[int64]*wishlist.ItemPage, error) {
	s.mu.Lock()
	if s.read == nil {
		s.read = map[ItemsAsked]func() (map[int64]*wishlist.ItemPage, error){}
	}
	once := s.read[asked]
	if once == nil {
		once = sync.OnceValues(load)
		s.read[asked] = once
	}
	s.mu.Unlock()
	return once()
}
