package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrRefused is the error of a connection to where hooks may not lead.
var ErrRefused = errors.New("the destination's address is not a public one")

// Bounds of a delivery.
const (
	connectTime = 5 * time.Second
	answerTime  = 10 * time.Second
	maxConns    = 16 // to one host at a time
	// What an answer may have to count as one.
	maxReplyHeaders     = 64
	maxReplyHeaderName  = 64
	maxReplyHeaderValue = 8 << 10
)

// Dialer connects to destinations. In production it looks at the address of
// every single connection, after names were resolved, so that no name can
// stand for a public address when it is checked and another when it is used.
func (r Rules) Dialer() *net.Dialer {
	d := &net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}
	if r.Production {
		d.ControlContext = func(_ context.Context, network, address string, _ syscall.RawConn) error {
			if network != "tcp4" && network != "tcp6" {
				return fmt.Errorf("%w: %s", ErrRefused, network)
			}
			to, err := netip.ParseAddrPort(address)
			if err != nil || to.Port() != 443 || !PublicAddr(to.Addr()) {
				return fmt.Errorf("%w: %s", ErrRefused, address)
			}
			return nil
		}
	}
	return d
}

// Transport returns the transport for deliveries over a Dialer. It takes no
// proxy from the environment: a proxy would connect where the Dialer does not.
func (r Rules) Transport(d *net.Dialer) *http.Transport {
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connectTime,
		ResponseHeaderTimeout:  answerTime,
		IdleConnTimeout:        30 * time.Second,
		MaxConnsPerHost:        maxConns,
		MaxIdleConnsPerHost:    maxConns, // fewer are closed and opened again all the time
		MaxIdleConns:           256,
		MaxResponseHeaderBytes: maxReplyHeaders * (maxReplyHeaderName + maxReplyHeaderValue),
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

// CheckAnswer reports what of an answer's headers keeps it from counting as
// one. The transport bounds them all together.
func CheckAnswer(header http.Header) error {
	n := 0
	for name, values := range header {
		for _, v := range values {
			n++
			if len(name) > maxReplyHeaderName || len(v) > maxReplyHeaderValue {
				return errors.New("the answer has a header that is too long")
			}
		}
	}
	if n > maxReplyHeaders {
		return errors.New("the answer has too many headers")
	}
	return nil
}
