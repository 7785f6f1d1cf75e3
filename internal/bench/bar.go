package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// bar shows how far something long has come, and whether it gets slower.
type bar struct {
	out       io.Writer
	all, done int64
	begin     time.Time
	said      time.Time
	saidAt    int64
	tenths    []float64 // how many a second, in each that is over
	tenth     time.Time // when the last one was over
	tenthAt   int64
}

const sayEvery = 5 * time.Second

func newBar(out io.Writer, all int64) *bar {
	now := time.Now()
	return &bar{out: out, all: all, begin: now, said: now, tenth: now}
}

func (b *bar) add(n int64) {
	before := b.done
	b.done += n
	if before*1000/b.all == b.done*1000/b.all && n < b.all/1000 {
		return // many small steps
	}
	now := time.Now()
	if b.done*10/b.all > b.tenthAt*10/b.all {
		b.tenths = append(b.tenths, float64(b.done-b.tenthAt)/now.Sub(b.tenth).Seconds())
		b.tenth, b.tenthAt = now, b.done
	}
	if now.Sub(b.said) < sayEvery {
		return
	}
	const width = 30
	full := int(min(b.done, b.all) * width / b.all)
	fmt.Fprintf(b.out, "  [%s%s] %s of %s, %s a second, lately %s\n", strings.Repeat("=", full), strings.Repeat(" ", width-full), whole(b.done), whole(b.all),
		number(float64(b.done)/now.Sub(b.begin).Seconds()), number(float64(b.done-b.saidAt)/now.Sub(b.said).Seconds()))
	b.said, b.saidAt = now, b.done
}

// end says how long it took and returns how many a second there were in each
// tenth, or in fewer parts where the steps were larger.
func (b *bar) end() []float64 {
	fmt.Fprintf(b.out, "  %s in %s\n", whole(b.done), time.Since(b.begin).Round(100*time.Millisecond))
	return b.tenths
}
