package history

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"clientele/internal/sqldb"
	"clientele/internal/storekey"
)

// Problem is something that is not as it was sealed.
type Problem struct {
	// Entry and Block are where it is, 0 where it is not one entry's or block's.
	Entry, Block int64
	What         string
}

// Report is what came of verifying a store's history.
type Report struct {
	Blocks, Entries int64 // that were looked at
	// DroppedTo is the last entry that retention has taken away, at DroppedAt; 0:
	// none was.
	DroppedTo, DroppedAt int64
	// Block is the last block, which ends with the entry SealedTo, its hash, and
	// the id of the key that signed it.
	Block, SealedTo int64
	Hash            []byte
	Key             string
	// Last is the last entry: those from SealedTo on are not sealed yet.
	Last int64
	// Problems are the first of them, and Found tells how many there are.
	Problems []Problem
	Found    int64
}

// Checkpoint is a block and its hash, as they were noted.
type Checkpoint struct {
	Block int64
	Hash  []byte
}

// ParseCheckpoint reads a checkpoint as String writes it.
func ParseCheckpoint(text string) (*Checkpoint, error) {
	number, sum, _ := strings.Cut(text, ":")
	block, err := strconv.ParseInt(number, 10, 64)
	h, wrong := hex.DecodeString(sum)
	if err != nil || wrong != nil || block < 1 || len(h) != sha256.Size {
		return nil, errors.New("want the number of a block, a colon and its SHA-256")
	}
	return &Checkpoint{block, h}, nil
}

// String is what to note of a checkpoint.
func (c *Checkpoint) String() string { return fmt.Sprintf("%d:%x", c.Block, c.Hash) }

// maxProblems bounds how many problems are kept.
const maxProblems = 100

func (r *Report) problem(entry, block int64, format string, args ...any) {
	if r.Found++; len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{entry, block, fmt.Sprintf(format, args...)})
	}
}

var (
	firstSeal      = sqldb.Static(`SELECT ` + sealColumns + ` FROM history_seals WHERE store_id = $1 ORDER BY block LIMIT 1`)
	sealAfterBlock = sqldb.Static(`SELECT ` + sealColumns + ` FROM history_seals WHERE store_id = $1 AND block > $2 ORDER BY block LIMIT 1`)
	idsUpTo        = sqldb.Static(`SELECT id FROM history WHERE store_id = $1 AND id <= $2 ORDER BY id LIMIT $3`)
	idsAfter       = sqldb.Static(`SELECT id FROM history WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
)

// Verify looks at every entry of a store: whether it is what was sealed, whether
// one is missing or was inserted, and whether the blocks follow each other and
// were signed with the store's key. It changes nothing, and the store may be
// written to meanwhile.
//
// known is what was noted of the chain at another time: it tells whether the
// blocks from then are the same. It may be nil.
func (c *Chain) Verify(ctx context.Context, store int64, known *Checkpoint) (*Report, error) {
	v := verifier{chain: c, store: store}
	if err := v.begin(ctx); err != nil {
		return nil, err
	}
	for {
		more, err := v.block(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	if known != nil {
		if err := v.known(ctx, known); err != nil {
			return nil, err
		}
	}
	return &v.Report, v.tail(ctx)
}

type verifier struct {
	Report
	chain  *Chain
	store  int64
	keys   map[string]storekey.PublicKey
	before seal // the block that was looked at last
}

// begin begins with the first block, or with the one that retention left.
func (v *verifier) begin(ctx context.Context) error {
	var first seal
	if err := v.chain.db.Read(ctx, v.store, func(tx *sqldb.Tx) error {
		return tx.Query(firstSeal, func(r *sqldb.Row) error { first = scanSeal(r); return nil })
	}); err != nil {
		return err
	}
	if first.block == 0 {
		return nil // nothing is sealed
	}
	if v.keys == nil {
		keys, err := v.chain.keys.PublicKeys(ctx, v.store)
		if err != nil {
			return err
		}
		v.keys = map[string]storekey.PublicKey{}
		for _, k := range keys {
			v.keys[k.ID] = k
		}
	}
	if first.dropped == 0 {
		return nil
	}
	v.signature(&first)
	v.before, v.DroppedTo, v.DroppedAt = first, first.to, first.dropped
	v.Block, v.SealedTo, v.Hash, v.Key = first.block, first.to, first.hash, first.key
	return nil
}

// known checks that a block is what it was.
func (v *verifier) known(ctx context.Context, c *Checkpoint) error {
	var s seal
	if err := v.chain.db.Read(ctx, v.store, func(tx *sqldb.Tx) error {
		return tx.Query(sealAfterBlock, func(r *sqldb.Row) error { s = scanSeal(r); return nil }, c.Block-1)
	}); err != nil {
		return err
	}
	switch {
	case s.block != c.Block && s.dropped != 0:
		v.problem(0, c.Block, "was taken away by retention: it cannot be compared with what was noted")
	case s.block != c.Block:
		v.problem(0, c.Block, "is missing, and was noted")
	case !bytes.Equal(s.hash, c.Hash):
		v.problem(0, c.Block, "is not what was noted")
	}
	return nil
}

// signature checks that a block was signed as it is.
func (v *verifier) signature(s *seal) {
	switch key, ok := v.keys[s.key]; {
	case !ok:
		v.problem(0, s.block, "is signed with a key that is not the store's: %q", s.key)
	case !key.Verify(s.purpose(), s.message(v.store), s.signature):
		v.problem(0, s.block, "is not what was signed")
	}
}

// block looks at the next block. It reports whether there may be another one.
func (v *verifier) block(ctx context.Context) (more bool, err error) {
	was := v.Report
	var s seal
	var b *block
	n := int64(0)
	if err := v.chain.db.Read(ctx, v.store, func(tx *sqldb.Tx) error {
		v.Report, n = was, 0
		if err := tx.Query(sealAfterBlock, func(r *sqldb.Row) error { s = scanSeal(r); return nil }, v.before.block); err != nil || s.block == 0 {
			return err
		}
		names, err := readNames(tx)
		if err != nil {
			return err
		}
		v.follows(&s)
		if size := s.to - s.from; size < 0 || size >= blockSize {
			v.problem(0, s.block, "is said to have the entries %d to %d", s.from, s.to)
			return nil
		}
		before := v.before
		before.to = s.from - 1
		before.block = s.block - 1
		b = newBlock(&before, v.store, names.named)
		if err := tx.Query(ofBlock, func(r *sqldb.Row) error {
			n++
			w := scan(r)
			v.entry(&s, b, &w)
			return nil
		}, s.from, s.to); err != nil {
			return err
		}
		v.gap(&s, b.to+1, s.to)
		b.to = s.to
		return nil
	}); err != nil || s.block == 0 {
		return false, err
	}
	if v.Found == was.Found && !bytes.Equal(b.end(), s.hash) {
		v.problem(0, s.block, "is not what was sealed, or comes after another one")
	}
	v.signature(&s)
	if v.Found != was.Found {
		dropped, err := v.dropped(ctx, s.block)
		if err != nil {
			return false, err
		}
		if dropped { // by retention, meanwhile
			v.Report = was
			return true, v.begin(ctx)
		}
	}
	v.Blocks++
	v.Entries += n
	v.before = s
	v.Block, v.SealedTo, v.Hash, v.Key = s.block, s.to, s.hash, s.key
	return true, nil
}

// follows checks that a block comes after the one before.
func (v *verifier) follows(s *seal) {
	if missing := s.block - v.before.block - 1; missing > 0 {
		v.problem(0, v.before.block+1, "is missing, with %d block(s) in all", missing)
	}
	if s.from != v.before.to+1 {
		v.problem(0, s.block, "begins with entry %d where %d is due", s.from, v.before.to+1)
	}
	if s.dropped != 0 {
		v.problem(0, s.block, "is marked as taken away by retention after blocks that are not")
	}
}

// entry checks an entry of a block.
func (v *verifier) entry(s *seal, b *block, w *row) {
	v.gap(s, b.to+1, w.id-1)
	mark := b.add(w)
	at := (w.id - s.from) * markSize
	if at+markSize > int64(len(s.marks)) {
		v.problem(w.id, s.block, "was inserted")
		return
	}
	switch sealed := s.marks[at : at+markSize]; {
	case bytes.Equal(sealed, mark):
	case bytes.Equal(sealed, make([]byte, markSize)):
		v.problem(w.id, s.block, "was inserted")
	default:
		v.problem(w.id, s.block, "was changed")
	}
}

// gap tells of entries that are missing, from one to another.
func (v *verifier) gap(s *seal, from, to int64) {
	for id := from; id <= to; id++ {
		at, sealed := (id-s.from)*markSize, true
		if at+markSize <= int64(len(s.marks)) {
			sealed = !bytes.Equal(s.marks[at:at+markSize], make([]byte, markSize))
		}
		if sealed {
			v.problem(id, s.block, "is missing")
		} else {
			v.problem(id, s.block, "was missing when the block was sealed")
		}
	}
}

// dropped reports whether retention has taken a block away.
func (v *verifier) dropped(ctx context.Context, block int64) (dropped bool, err error) {
	var first seal
	err = v.chain.db.Read(ctx, v.store, func(tx *sqldb.Tx) error {
		return tx.Query(firstSeal, func(r *sqldb.Row) error { first = scanSeal(r); return nil })
	})
	return first.dropped != 0 && first.block >= block, err
}

// tail looks at what is before the first block and beyond the last one.
func (v *verifier) tail(ctx context.Context) error {
	was := v.Report
	return v.chain.db.Read(ctx, v.store, func(tx *sqldb.Tx) error {
		v.Report = was
		if err := tx.Query(lastID, func(r *sqldb.Row) error { v.Last = r.Int(0); return nil }); err != nil {
			return err
		}
		if err := tx.Query(idsUpTo, func(r *sqldb.Row) error { v.problem(r.Int(0), 0, "was inserted before the first one"); return nil }, v.DroppedTo, int64(maxProblems)); err != nil {
			return err
		}
		at := v.SealedTo
		missing := func(to int64) {
			if n := to - at; n > 0 {
				v.problem(at+1, 0, "is missing and was not sealed yet, with %d in all", n)
			}
		}
		for n := blockSize; n == blockSize; {
			n = 0
			if err := tx.Query(idsAfter, func(r *sqldb.Row) error {
				n++
				missing(min(r.Int(0)-1, v.Last))
				at = r.Int(0)
				return nil
			}, at, int64(blockSize)); err != nil {
				return err
			}
		}
		missing(v.Last)
		// Those that came meanwhile are counted by now.
		last := int64(0)
		if err := tx.Query(lastID, func(r *sqldb.Row) error { last = r.Int(0); return nil }); err != nil {
			return err
		}
		if at > last {
			v.problem(at, 0, "is beyond the last one that the store has counted, %d", last)
		}
		return nil
	})
}
