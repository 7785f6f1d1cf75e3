package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// door is an address at which the server answers.
type door struct {
	listen net.Listener
	http   *http.Server // nil until it is open
}

// newDoor listens at an address, which a flag has told.
func newDoor(flag, address string) (*door, error) {
	l, err := net.Listen("tcp", address)
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: another program listens there; name another address, or end that program", flag, address)
	case errors.As(err, &op):
		return nil, fmt.Errorf("%s %s: %w", flag, address, op.Err)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return &door{listen: l}, nil
}

// address is where it listens.
func (d *door) address() string { return d.listen.Addr().String() }

// opened is an address that a program on this machine can open: it is another
// one where it listens on all addresses, which is none.
func (d *door) opened() string {
	at, err := netip.ParseAddrPort(d.address())
	if err != nil || !at.Addr().IsUnspecified() {
		return d.address()
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()).String()
}

// open starts to serve. How that ends goes to ended.
func (d *door) open(h http.Handler, secure *tls.Config, log *slog.Logger, ended chan<- error) {
	d.http = &http.Server{
		Handler:           h,
		TLSConfig:         secure,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    128 << 10,
		// What a connection may send before anybody reads it.
		HTTP2:    &http.HTTP2Config{MaxReceiveBufferPerStream: 128 << 10, MaxReceiveBufferPerConnection: 256 << 10},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if secure != nil {
			ended <- d.http.ServeTLS(d.listen, "", "")
			return
		}
		ended <- d.http.Serve(d.listen)
	}()
}

// drain lets nobody new in and waits for running requests until ctx ends.
func (d *door) drain(ctx context.Context) error { return d.http.Shutdown(ctx) }

// close ends all requests at once.
func (d *door) close() error {
	if d.http == nil {
		return d.listen.Close()
	}
	return d.http.Close()
}
