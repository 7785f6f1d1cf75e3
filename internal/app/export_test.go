package app

// Address is the address that s listens on.
func (s *Server) Address() string { return s.listen.Addr().String() }
