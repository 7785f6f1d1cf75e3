package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math/bits"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"clientele/internal/system"
)

// Body is a body that was read.
type Body struct {
	// B is what it holds, until Free.
	B []byte

	ctx    context.Context
	wait   time.Duration
	waited time.Duration // for memory
	from   *budget
	owner  owner
	taken  int64
	pace   paced // by which it is read
}

// first is how many bytes each body has without asking: no more than what its
// connection takes anyway. Small requests therefore never wait for large ones.
const first = 4 << 10

// Buffers of first bytes and its doubles are used again, up to the largest
// that is worth keeping.
const classes = 7

var buffers [classes]sync.Pool

// buffer returns an empty slice with room for size bytes.
func buffer(size int64) []byte {
	if c := class(size); c >= 0 {
		if b, ok := buffers[c].Get().(*[]byte); ok {
			return (*b)[:0]
		}
	}
	return make([]byte, 0, size)
}

func recycle(b []byte) {
	if c := class(int64(cap(b))); c >= 0 {
		b = b[:0]
		buffers[c].Put(&b)
	}
}

// class returns the pool of a size, or -1.
func class(size int64) int {
	if size < first || size&(size-1) != 0 || size > first<<(classes-1) {
		return -1
	}
	return bits.TrailingZeros64(uint64(size)) - bits.TrailingZeros64(first)
}

func newBody(ctx context.Context, wait time.Duration, from *budget, key owner) *Body {
	return &Body{B: buffer(first), ctx: ctx, wait: wait, from: from, owner: key}
}

// Free gives the memory back. B must not be used any longer.
func (b *Body) Free() {
	if b.from == nil {
		return
	}
	if b.taken > 0 {
		b.from.give(b.owner, b.taken)
	}
	recycle(b.B)
	*b = Body{}
}

// grow makes room: twice as much, but no more than most.
func (b *Body) grow(most int64) error {
	size := min(2*int64(cap(b.B)), most)
	more := size - int64(cap(b.B))
	began := system.Machine()
	if err := b.from.take(b.ctx, b.owner, more, b.wait-b.waited); err != nil {
		return err
	}
	b.waited += system.Machine().Sub(began)
	b.taken += more
	larger := append(buffer(size), b.B...)
	recycle(b.B)
	b.B = larger
	return nil
}

// fill reads a body of at most most bytes, of which a known length may be
// told.
func (b *Body) fill(from io.Reader, most, length int64) error {
	var beyond [1]byte
	for {
		have := int64(len(b.B))
		ends := have >= most || have == length // nothing must follow
		room := b.B[have:min(int64(cap(b.B)), max(most, have))]
		if ends {
			room = beyond[:]
		} else if len(room) == 0 {
			if err := b.grow(most); err != nil {
				return err
			}
			continue
		}
		n, err := from.Read(room)
		if ends && n > 0 {
			return tooLarge(most)
		}
		b.B = b.B[:have+int64(n)]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
	}
}

var unzippers sync.Pool

// unzip fills a body with what another was compressed from.
func (b *Body) unzip(text []byte, most int64) error {
	z, ok := unzippers.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer unzippers.Put(z)
	if err := z.Reset(bytes.NewReader(text)); err != nil {
		return unreadable(err)
	}
	return b.fill(z, most, -1)
}

// Form reads the body as a form that r posts. What it returns stays good when the
// body is given back.
func (b *Body) Form(r *http.Request) (url.Values, error) {
	var err error
	r.Body = io.NopCloser(bytes.NewReader(b.B))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(int64(len(b.B)))
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return nil, err
	}
	return r.PostForm, nil
}
