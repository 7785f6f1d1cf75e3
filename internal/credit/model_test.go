package credit_test

import (
	"cmp"
	"slices"

	"clientele/internal/credit"
)

// model is a customer's store credit as so many coins: each knows until when it
// is good. It is what the ledger is compared with.
type model struct {
	coins   []coin
	debt    int
	entries []modelEntry // the id of each is its position, from 1 on
}

// coin is one unit of credit; id is the credit that it came with if it expires.
type coin struct{ id, expires int64 }

const never = int64(1) << 60

type modelEntry struct {
	kind            credit.Kind
	amount, balance int
	of              int64
	expires         int64
	spent           []coin
	reverted        bool
}

func (m *model) clone() *model {
	return &model{slices.Clone(m.coins), m.debt, slices.Clone(m.entries)}
}

func (m *model) balance() int { return len(m.coins) - m.debt }

func (m *model) enter(e modelEntry) {
	e.balance = m.balance()
	m.entries = append(m.entries, e)
}

func (m *model) sort() {
	slices.SortStableFunc(m.coins, func(a, b coin) int { return cmp.Or(cmp.Compare(a.expires, b.expires), cmp.Compare(a.id, b.id)) })
}

// pass has coins go that are good no more.
func (m *model) pass(now int64) {
	m.sort()
	for len(m.coins) > 0 && m.coins[0].expires <= now {
		id := m.coins[0].id
		n := len(m.coins)
		m.coins = slices.DeleteFunc(m.coins, func(c coin) bool { return c.id == id })
		m.enter(modelEntry{kind: credit.Expire, amount: len(m.coins) - n, of: id})
	}
}

// give pays the debt first, by the last of the coins.
func (m *model) give(coins []coin) {
	pay := min(m.debt, len(coins))
	m.debt -= pay
	m.coins = append(m.coins, coins[:len(coins)-pay]...)
	m.sort()
}

func (m *model) spend(n int) []coin {
	m.sort()
	took := slices.Clone(m.coins[:min(n, len(m.coins))])
	m.coins = slices.Clone(m.coins[len(took):])
	m.debt += n - len(took)
	return took
}

func (m *model) credit(n int, expires int64) {
	c := coin{expires: never}
	if expires != 0 {
		c = coin{int64(len(m.entries) + 1), expires}
	}
	m.give(slices.Repeat([]coin{c}, n))
	m.enter(modelEntry{kind: credit.Credit, amount: n, expires: expires})
}

func (m *model) debit(n int) {
	took := m.spend(n)
	m.enter(modelEntry{kind: credit.Debit, amount: -n, spent: took})
}

func (m *model) adjust(n int) {
	if n > 0 {
		m.give(slices.Repeat([]coin{{expires: never}}, n))
		m.enter(modelEntry{kind: credit.Adjust, amount: n})
		return
	}
	took := m.spend(-n)
	m.enter(modelEntry{kind: credit.Adjust, amount: n, spent: took})
}

// revert reports whether there is something to revert.
func (m *model) revert(id, now int64) bool {
	if id < 1 || id > int64(len(m.entries)) {
		return false
	}
	of := &m.entries[id-1]
	if of.reverted || of.kind == credit.Revert {
		return false
	}
	of.reverted = true
	amount := of.amount
	if amount > 0 {
		own := 0
		for own < amount && of.expires != 0 {
			i := slices.IndexFunc(m.coins, func(c coin) bool { return c.id == id })
			if i < 0 {
				break
			}
			m.coins = slices.Delete(m.coins, i, i+1)
			own++
		}
		m.spend(amount - own)
	} else {
		var back, free []coin
		for _, c := range of.spent {
			if c.expires == never || c.expires <= now || m.entries[c.id-1].reverted {
				c = coin{expires: never}
			}
			if c.expires == never {
				free = append(free, c)
			} else {
				back = append(back, c)
			}
		}
		back = append(back, free...)
		for len(back) < -amount {
			back = append(back, coin{expires: never})
		}
		m.give(back)
	}
	m.enter(modelEntry{kind: credit.Revert, amount: -amount, of: id})
	return true
}
