package email

import "strings"

// known are hosts that very many addresses have.
var known = []string{
	"gmail.com", "googlemail.com", "ymail.com", "mail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "live.com", "msn.com", "proton.me", "protonmail.com",
	"gmx.de", "gmx.net", "gmx.at", "gmx.ch", "hotmail.de", "hotmail.fr", "hotmail.it", "hotmail.es", "outlook.de", "outlook.fr", "outlook.it", "outlook.es", "web.de", "t-online.de", "freenet.de", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr",
	"yahoo.co.uk", "hotmail.co.uk", "btinternet.com", "comcast.net", "verizon.net", "bluewin.ch",
}

// Likely returns the address that was probably meant, where the host of one looks
// like a slip in a host that very many have; "" where it does not.
func Likely(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return ""
	}
	host := strings.ToLower(address[at+1:])
	best, least := "", 2
	for _, k := range known {
		if host == k {
			return ""
		}
		// One slip, of longer hosts two.
		most := 1
		if len(k) > 9 {
			most = 2
		}
		if d := slips(host, k, most); d <= most && (best == "" || d < least) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return address[:at+1] + best
}

// slips counts letters that are missing, too many, others, or changed places, up
// to most.
func slips(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			other := 1
			if a[i-1] == b[j-1] {
				other = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+other)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
