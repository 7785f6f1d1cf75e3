// Package accounttest catches the emails of accounts, for tests.
package accounttest

import (
	"net/url"
	"slices"
	"sync"
	"testing"

	"clientele/internal/account"
	"clientele/internal/sqldb"
)

// Mails is an account.Mailer that keeps emails instead of sending them. A
// transaction may run twice, so of two emails that are alike the last counts.
type Mails struct {
	mu   sync.Mutex
	kept []account.Mail
	fail error
}

// Queue implements account.Mailer.
func (m *Mails) Queue(_ *sqldb.Tx, in account.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.kept = append(m.kept, in)
	return nil
}

// Fail makes Queue return err from now on; with nil it keeps emails again.
func (m *Mails) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// All returns the emails that are kept.
func (m *Mails) All() []account.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept)
}

// Take is All and forgets them.
func (m *Mails) Take() []account.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.kept
	m.kept = nil
	return out
}

// Last returns the last email, a zero one if there is none.
func (m *Mails) Last() account.Mail {
	all := m.All()
	if len(all) == 0 {
		return account.Mail{}
	}
	return all[len(all)-1]
}

// Link returns the path and query of the link in the last email of a kind.
func (m *Mails) Link(t testing.TB, kind account.MailKind) string {
	t.Helper()
	all := m.All()
	for _, mail := range slices.Backward(all) {
		if mail.Kind == kind {
			u, err := url.Parse(mail.Data["link"])
			if err != nil {
				t.Fatal(err)
			}
			return u.RequestURI()
		}
	}
	t.Fatalf("no email %s among %d", kind, len(all))
	return ""
}
