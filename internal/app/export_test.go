package app

import "net/http"

// Address is the address that s listens on.
func (s *Server) Address() string { return s.listen.Addr().String() }

// Handler is what s serves; it is a *rest.Server.
func (s *Server) Handler() http.Handler { return s.http.Handler }
