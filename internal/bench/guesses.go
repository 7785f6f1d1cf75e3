package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// GuessRow is how long the sign-ins of an honest shopper take, from an address
// where they signed in before, while others guess at passwords.
type GuessRow struct {
	Addresses int // from which others guess; 0: nobody does

	waits  []time.Duration // of the honest shopper, sorted
	made   int64           // guesses that were answered
	turned int64           // guesses that were turned away
	took   time.Duration
}

// guessers are how many guess at once, each at another email every time.
const guessers = 600

// Answers to sign-ins by the form.
const (
	statusSignedIn = 303
	statusWrong    = 422
	statusTurned   = 429
)

// appendSignIn appends the sign-in of a customer from an address.
func appendSignIn(b []byte, customer int64, password, from string) []byte {
	body := appendEmail([]byte("authenticity_token=00112233445566778899aabbccddeeff&login_pass="+password+"&login_email="), customer)
	b = append(append(b, "POST /login.php?action=check_login"+formHead...), strconv.Itoa(len(body))...)
	return append(append(append(append(b, "\r\nX-Forwarded-For: "...), from...), "\r\n\r\n"...), body...)
}

// guesses measures an honest shopper's sign-ins while nobody guesses, while
// all guessers share an address, and while each has its own.
func (b *bencher) guesses(ctx context.Context, server *child) ([]*GuessRow, error) {
	rows := []*GuessRow{{}, {Addresses: 1}, {Addresses: guessers}}
	for run := range b.Runs {
		for _, row := range rows {
			if err := b.guessing(ctx, server.addr, row, run); err != nil {
				return nil, err
			}
		}
	}
	for _, r := range rows {
		slices.Sort(r.waits)
		b.say("%-11s from %3d addresses: %d sign-ins, median %s, 99th percentile %s, at most %s; %s guesses a second made, %s turned away",
			caseGuesses, r.Addresses, len(r.waits), millis(r.quantile(50)), millis(r.quantile(99)), millis(r.quantile(100)), number(r.rate(r.made)), number(r.rate(r.turned)))
	}
	return rows, nil
}

func (r *GuessRow) quantile(percent int) time.Duration {
	return r.waits[min(len(r.waits)*percent/100, len(r.waits)-1)]
}

func (r *GuessRow) rate(n int64) float64 { return float64(n) / r.took.Seconds() }

// guessed numbers the guesses.
var guessed atomic.Int64

// victim is at whose email the next guess is: every second is nobody's. No
// email has so many that it is put off for that.
func (b *bencher) victim(but int64) int64 {
	n := guessed.Add(1)
	if n%2 == 0 {
		return farAbove + n
	}
	return but + 1 + n/2%(b.Customers-but)
}

func (b *bencher) guessing(ctx context.Context, addr string, row *GuessRow, run int) error {
	const honest, home = 7, "10.255.255.7"
	shopper, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer shopper.conn.Close()
	signIn := func(buf []byte) []byte { return appendSignIn(buf, honest, shopperPassword, home) }
	deadline := time.Now().Add(answerWithin + b.warm() + b.Duration)
	if err := shopper.conn.SetDeadline(deadline); err != nil {
		return err
	}
	if err := shopper.do(signIn, statusSignedIn, nil); err != nil { // makes the address known
		return err
	}
	crowd, stop := context.WithCancel(ctx)
	defer stop()
	var counting atomic.Bool
	var wg sync.WaitGroup
	failed := make(chan error, guessers)
	for i := range guessers {
		if row.Addresses == 0 {
			break
		}
		c, err := dial(ctx, addr)
		if err == nil {
			err = c.conn.SetDeadline(deadline)
		}
		if err != nil {
			return err
		}
		defer c.conn.Close()
		from := fmt.Sprintf("10.%d.0.1", 1+run)
		if row.Addresses > 1 {
			from = fmt.Sprintf("10.%d.%d.%d", 101+run, 1+i/200, 1+i%200)
		}
		wg.Go(func() {
			for crowd.Err() == nil {
				got, _, err := c.ask(func(buf []byte) []byte { return appendSignIn(buf, b.victim(honest), "Wrong-123", from) }, statusTurned, nil)
				switch {
				case err != nil:
					failed <- err
					return
				case got != statusWrong && got != statusTurned:
					failed <- fmt.Errorf("a guess is answered by status %d", got)
					return
				case !counting.Load():
				case got == statusWrong:
					atomic.AddInt64(&row.made, 1)
				default:
					atomic.AddInt64(&row.turned, 1)
				}
			}
		})
	}
	time.Sleep(b.warm())
	counting.Store(true)
	start := time.Now()
	for time.Since(start) < b.Duration && err == nil {
		began := time.Now()
		if err = shopper.do(signIn, statusSignedIn, nil); err == nil {
			row.waits = append(row.waits, time.Since(began))
		}
	}
	counting.Store(false)
	row.took += time.Since(start)
	stop()
	wg.Wait()
	close(failed)
	for bad := range failed {
		err = errors.Join(err, bad)
		break
	}
	return err
}

func (r *GuessRow) figure() Figure {
	return figureOf(fmt.Sprintf("Sign-ins beside guesses from %d addresses", r.Addresses), "",
		inMillis(r.quantile(50)), inMillis(r.quantile(99)), inMillis(r.quantile(100)), amount(unitRate, r.rate(r.made)), amount(unitRate, r.rate(r.turned))).
		as("median %s, 99th percentile %s, longest %s; guesses made %s a second, turned away %s")
}

// guessTable is what guesses found.
func guessTable(rows []*GuessRow) [][]string {
	out := [][]string{{"Addresses that guess", "Honest sign-in, median", "99th percentile", "Longest", "Guesses made a second", "Turned away a second"}}
	for _, r := range rows {
		cells := []string{strconv.Itoa(r.Addresses)}
		for _, a := range r.figure().Amounts {
			cells = append(cells, a.text())
		}
		out = append(out, cells)
	}
	return out
}
