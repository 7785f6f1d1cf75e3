package history

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"log/slog"

	"clientele/internal/sqldb"
	"clientele/internal/storekey"
	"clientele/internal/system"
)

// Chain seals entries beside the writes, block by block. Ids are given out under
// the lock of the store's counters, which is held until the commit: they are in
// the order of commits, and whoever sees the counter at an id sees all entries up
// to it. So a block is what lies between the last one and the counter, whichever
// process wrote it.
//
// A block's hash is over that of the one before and the digests of its entries.
// The digest of an entry is over all that it says, but of what it says of a person
// over a digest, which stays when the value and its salt are erased.
type Chain struct {
	db   *sqldb.DB
	sys  *system.System
	keys *storekey.Service
	log  *slog.Logger
}

// NewChain returns the chain of each store of db.
func NewChain(db *sqldb.DB, sys *system.System, keys *storekey.Service, log *slog.Logger) *Chain {
	return &Chain{db, sys, keys, log}
}

const (
	// blockSize is how many entries a block has at most.
	blockSize = 1000
	// sealAfter is for how long entries wait for others to fill their block, in
	// seconds.
	sealAfter = 60
	// blocksAtOnce bounds how many blocks of a store are made before it is the turn
	// of the others.
	blocksAtOnce = 100
	// markSize is how many bytes of each entry's digest are kept.
	markSize = 4

	// What the signatures of a block are made for.
	sealPurpose    = "history block"
	droppedPurpose = "history retention"
)

// seal is a block as it is stored.
type seal struct {
	block, from, to, last, sealed, dropped int64
	hash                                   []byte
	key                                    string
	signature, marks                       []byte
}

const sealColumns = `block, from_id, to_id, date_last, date_sealed, date_dropped, hash, key_id, signature, marks`

func scanSeal(r *sqldb.Row) seal {
	return seal{r.Int(0), r.Int(1), r.Int(2), r.Int(3), r.Int(4), r.Int(5), r.Bytes(6), r.Text(7), r.Bytes(8), r.Bytes(9)}
}

// message is what is signed: text that people and other programs can read.
func (s *seal) message(store int64) []byte {
	b := fmt.Appendf(nil, "store %d\nblock %d\nentries %d to %d\nlast %d\nsealed %d\nsha256 %x\n", store, s.block, s.from, s.to, s.last, s.sealed, s.hash)
	if s.dropped != 0 {
		b = fmt.Appendf(b, "dropped %d\n", s.dropped)
	}
	return b
}

func (s *seal) purpose() string {
	if s.dropped != 0 {
		return droppedPurpose
	}
	return sealPurpose
}

// sign signs a block as it is.
func (s *seal) sign(keys *storekey.Keys, store int64) {
	s.key, s.signature = keys.Public.ID, keys.Sign(s.purpose(), s.message(store))
}

// genesis is what the first block of a store comes after.
func genesis(store int64) []byte {
	h := sha256.Sum256(fmt.Appendf(nil, "clientele history of store %d\n", store))
	return h[:]
}

// digestOf returns what stands for an entry in its block.
func (w *row) digestOf(actors map[int64]Actor) [sha256.Size]byte {
	personal := w.digest
	if len(w.personal) > 0 {
		sum := sha256.Sum256(w.personal)
		personal = sum[:]
	}
	var room [512]byte
	b := append(room[:0], "clientele history entry\n"...)
	for _, n := range [...]int64{w.id, w.time, w.actor, w.surface, w.action, w.resource, w.resourceID, w.customerID} {
		b = binary.AppendVarint(b, n)
	}
	who := Actor{}
	if ActorKind(w.actor&(1<<kindBits-1)) == named {
		who = actors[w.actor>>kindBits] // what the code stands for could be changed
	}
	b = appendBytes(binary.AppendVarint(b, int64(who.Kind)), []byte(who.Name))
	for _, part := range [...][]byte{w.request, w.facts, personal} {
		b = appendBytes(b, part)
	}
	return sha256.Sum256(b)
}

func appendBytes(b, part []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

// block makes a block of entries as they come.
type block struct {
	seal
	actors map[int64]Actor
	sum    hash.Hash
}

// newBlock begins the block after one, of which there may be none.
func newBlock(before *seal, store int64, actors map[int64]Actor) *block {
	b := &block{seal: seal{block: before.block + 1, from: before.to + 1, to: before.to}, actors: actors, sum: sha256.New()}
	b.sum.Write([]byte("clientele history block\n"))
	if before.block == 0 {
		b.sum.Write(genesis(store))
	} else {
		b.sum.Write(before.hash)
	}
	return b
}

// add adds an entry, whose id is beyond those before. What is missing in between
// has a mark of zeros.
func (b *block) add(w *row) (mark []byte) {
	d := w.digestOf(b.actors)
	b.marks = append(b.marks, make([]byte, (w.id-b.to-1)*markSize)...)
	b.marks = append(b.marks, d[:markSize]...)
	b.sum.Write(d[:])
	b.to, b.last = w.id, max(b.last, w.time)
	return d[:markSize]
}

// end ends the block and returns its hash.
func (b *block) end() []byte {
	var n [32]byte
	for i, v := range [...]int64{b.block, b.from, b.to, b.last} {
		binary.BigEndian.PutUint64(n[i*8:], uint64(v))
	}
	b.sum.Write(n[:])
	return b.sum.Sum(nil)
}

var (
	lastSeal   = sqldb.Static(`SELECT ` + sealColumns + ` FROM history_seals WHERE store_id = $1 ORDER BY block DESC LIMIT 1`)
	insertSeal = sqldb.Static(`INSERT INTO history_seals (store_id, block, from_id, to_id, date_last, date_sealed, date_dropped, hash, key_id, signature, marks)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10) ON CONFLICT (store_id, block) DO NOTHING`)
	// Stores with entries beyond their last block.
	unsealed = sqldb.Global(`SELECT c.store_id FROM store_counters c WHERE c.history_id > COALESCE((SELECT s.to_id FROM history_seals s WHERE s.store_id = c.store_id ORDER BY s.block DESC LIMIT 1), 0) ORDER BY c.store_id`)
	ofBlock  = sqldb.Static(`SELECT ` + rowColumns + ` FROM history WHERE store_id = $1 AND id >= $2 AND id <= $3 ORDER BY id`)
)

// Run seals what waits in all stores. Several processes may do so at once.
func (c *Chain) Run(ctx context.Context) error {
	var stores []int64
	if err := c.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Query(unsealed, func(r *sqldb.Row) error { stores = append(stores, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	var failed error
	for _, id := range stores {
		for range blocksAtOnce {
			n, err := c.Seal(ctx, id, false)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil { // of one store, such as of its keys; the others go on
				failed = fmt.Errorf("history of store %d: %w", id, err)
			}
			if n < blockSize {
				break
			}
		}
	}
	return failed
}

// Seal makes the next block of a store and returns of how many entries; 0 where
// there is nothing to seal yet. now seals what there is, without waiting for
// more.
func (c *Chain) Seal(ctx context.Context, store int64, now bool) (n int, err error) {
	var b *block
	if err := c.db.Read(ctx, store, func(tx *sqldb.Tx) (err error) {
		b, n, err = c.next(tx, now)
		return err
	}); err != nil || n == 0 {
		return 0, err
	}
	b.sealed = c.sys.Now()
	keys, err := c.keys.Keys(ctx, store)
	if err != nil {
		return 0, err
	}
	b.sign(keys, store)
	made := int64(0)
	if err := c.db.Write(ctx, store, func(tx *sqldb.Tx) (err error) {
		// Another process may have made it meanwhile, and of other entries.
		made, err = tx.ExecCount(insertSeal, b.block, b.from, b.to, b.last, b.sealed, b.hash, b.key, b.signature, b.marks)
		return err
	}); err != nil || made == 0 {
		return 0, err
	}
	if missing := b.to - b.from + 1 - int64(n); missing > 0 {
		c.log.Error("entries of the history are missing", "store_id", store, "from", b.from, "to", b.to, "missing", missing)
	}
	return n, nil
}

// next returns the next block and how many entries it has.
func (c *Chain) next(tx *sqldb.Tx, now bool) (b *block, n int, err error) {
	var before seal
	last := int64(0)
	if err := tx.Pipeline(
		// The counter comes first: what it has counted is there when the entries
		// are read.
		sqldb.Q{Stmt: lastID, Each: func(r *sqldb.Row) error { last = r.Int(0); return nil }},
		sqldb.Q{Stmt: lastSeal, Each: func(r *sqldb.Row) error { before = scanSeal(r); return nil }},
	); err != nil || last <= before.to {
		return nil, 0, err
	}
	last = min(last, before.to+blockSize)
	first := int64(0)
	names, err := readNames(tx)
	if err != nil {
		return nil, 0, err
	}
	b = newBlock(&before, tx.Store(), names.named)
	if err := tx.Query(ofBlock, func(r *sqldb.Row) error {
		w := scan(r)
		if n++; n == 1 {
			first = w.time
		}
		b.add(&w)
		return nil
	}, b.from, last); err != nil || n == 0 {
		return nil, 0, err
	}
	if last < before.to+blockSize && !now && first > c.sys.Now()-sealAfter {
		return nil, 0, nil
	}
	b.hash = b.end()
	return b, n, nil
}
