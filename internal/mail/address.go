package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"

	"clientele/internal/email"
)

// parseAddress returns an address as it goes into headers and envelopes.
func parseAddress(addr string) (string, error) {
	mailbox, ok := email.Mailbox(addr)
	if !ok {
		return "", errors.New("no email address: " + email.Reason(addr))
	}
	return mailbox, nil
}

// parseFrom reads a configured sender.
func parseFrom(from string) (*netmail.Address, error) {
	parsed, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("%q: want an address such as shop@example.com", from)
	}
	if parsed.Address, err = parseAddress(parsed.Address); err != nil {
		return nil, fmt.Errorf("%q: %w", from, err)
	}
	parsed.Name = oneLine(parsed.Name, maxName)
	return parsed, nil
}

// CheckFrom reports what is wrong with Options.From.
func CheckFrom(from string) error {
	_, err := parseFrom(from)
	return err
}
