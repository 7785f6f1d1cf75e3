package limit

import "net/netip"

// Peer is who asks, as far as a server can tell.
type Peer struct {
	// Address is the client's IP address; empty: unknown.
	Address string
	// Backend: the address is that of a merchant's server, which proved who it
	// is and did not tell for whom it asks. It stands for many shoppers.
	Backend bool
}

// Backends is the network of all backends: merchants run them at addresses
// that change.
const Backends = "backend"

// Network returns the network that a peer is counted as and known by: an IPv4
// address or, for IPv6, the first 64 bits. A subscriber has all addresses with
// these bits, and devices change the other bits daily. Backends that tell no
// address are one network. It is empty where nothing is known.
func (p Peer) Network() string {
	if p.Backend {
		return Backends
	}
	ip, err := netip.ParseAddr(p.Address)
	if err != nil || ip.Unmap().Is4() {
		return p.Address
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return p.Address
	}
	return network.String()
}
