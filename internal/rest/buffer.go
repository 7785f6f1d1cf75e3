package rest

import "sync"

// Bytes is a reusable byte slice to append an answer to.
type Bytes struct{ B []byte }

var answers = sync.Pool{New: func() any { return &Bytes{B: make([]byte, 0, 4<<10)} }}

// Buffer returns an empty Bytes; give it back with Free.
func Buffer() *Bytes { return answers.Get().(*Bytes) }

// Free ends the use of b.
func (b *Bytes) Free() {
	if cap(b.B) <= maxPooled {
		b.B = b.B[:0]
		answers.Put(b)
	}
}
