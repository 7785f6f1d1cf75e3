package store

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// names maps international names to A-labels as browsers do.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.BidiRule())

const (
	maxHostName = 253
	maxLabel    = 63
)

// HostName returns the canonical form of a host's name, by which names are
// compared: without port, in lower case, without the dot at the end, an
// international name by its A-labels, an address in its shortest form. It is
// empty for what cannot be a name.
func HostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	} else if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	if strings.Contains(host, ":") {
		return address(host)
	}
	host = strings.ToLower(host)
	if !ascii(host) || strings.Contains(host, "xn--") {
		name, err := names.ToASCII(host)
		if err != nil {
			return ""
		}
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxHostName {
		return ""
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel || strings.ContainsFunc(label, notInNames) {
			return ""
		}
		last = label
	}
	// What ends like an address is read as one, in forms such as 127.1 too.
	if last[0] >= '0' && last[0] <= '9' && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == "") {
		return address(host)
	}
	return host
}

// IsPort reports whether the port of a URL is none, which stands for that of
// its scheme, or one that there is.
func IsPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

func notInNames(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// address returns an address in its shortest form, or "".
func address(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// isAddress reports whether a canonical name is an address, which DNS has no
// record below.
func isAddress(name string) bool { return address(name) != "" }

// hostOf returns the canonical name of the host of an http or https URL, or "".
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return HostName(u.Host)
}

// SameHost reports whether two hosts are one, with their ports: those of the
// schemes where none is named.
func SameHost(scheme, host, otherScheme, other string) bool {
	return hostPort(scheme, host) == hostPort(otherScheme, other)
}

// hostPort returns a host's canonical name with its port.
func hostPort(scheme, host string) string {
	_, port, err := net.SplitHostPort(host)
	if err != nil || port == "" {
		if port = "80"; scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(HostName(host), port)
}
