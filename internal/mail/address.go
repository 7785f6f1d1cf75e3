package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	"golang.org/x/net/idna"
)

// parseAddress checks an address and returns it as it goes into headers and
// envelopes: with a domain in ASCII.
func parseAddress(addr string) (string, error) {
	bad := errors.New("not an email address")
	if len(addr) > 320 || strings.ContainsAny(addr, "\r\n\x00<>,;: \t") {
		return "", bad
	}
	i := strings.LastIndexByte(addr, '@')
	if i < 1 || i == len(addr)-1 {
		return "", bad
	}
	local, domain := addr[:i], addr[i+1:]
	if len(local) > 64 {
		return "", bad
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || len(ascii) > 253 {
		return "", bad
	}
	parsed, err := netmail.ParseAddress(local + "@" + ascii)
	if err != nil || parsed.Name != "" || parsed.Address != local+"@"+ascii {
		return "", bad
	}
	return parsed.Address, nil
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
