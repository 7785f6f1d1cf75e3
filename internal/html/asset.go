package html

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Policies of assets.
const (
	// assetPolicy lets what is no page load nothing.
	assetPolicy = "default-src 'none'"
	// Forever is for Asset.Keep at an address that names the contents.
	Forever = "public, max-age=31536000, immutable"
)

// Asset is a file that is the same for everybody: a style sheet, a script, a
// picture, a document. It is compressed once, and its address may name its
// contents.
type Asset struct {
	Kind string // the Content-Type
	// Keep is the Cache-Control at an address that does not name the contents.
	Keep string
	// Policy is the Content-Security-Policy, or empty where nothing is to be
	// loaded.
	Policy string

	body   []byte
	tag    string
	zipped func() []byte
}

// NewAsset returns an Asset. What it holds must not be changed.
func NewAsset(kind string, body []byte) *Asset {
	sum := sha256.Sum256(body)
	a := &Asset{Kind: kind, Keep: "no-cache", body: body, tag: hex.EncodeToString(sum[:8])}
	a.zipped = sync.OnceValue(func() []byte { return squeeze(kind, body) })
	return a
}

// Version names the contents.
func (a *Asset) Version() string { return a.tag }

// At returns an address that names the contents, which browsers may keep for
// good.
func (a *Asset) At(path string) string { return path + "?v=" + a.tag }

// Body returns the contents.
func (a *Asset) Body() []byte { return bytes.Clone(a.body) }

// Zipped returns the contents compressed, or nil where that does not pay.
func (a *Asset) Zipped() []byte { return a.zipped() }

// squeeze compresses text that is worth it.
func squeeze(kind string, body []byte) []byte {
	if len(body) < 512 || !strings.HasPrefix(kind, "text/") && !strings.HasPrefix(kind, "application/") && !strings.HasPrefix(kind, "image/svg") {
		return nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := z.Write(body); err != nil {
		return nil
	}
	if err := z.Close(); err != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

// ServeHTTP answers GET and HEAD.
func (a *Asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.Kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", assetPolicy)
	if a.Policy != "" {
		h.Set("Content-Security-Policy", a.Policy)
	}
	h.Set("Cache-Control", a.Keep)
	if r.URL.Query().Get("v") == a.tag {
		h.Set("Cache-Control", Forever)
	}
	body, tag := a.body, a.tag
	if zipped := a.zipped(); zipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Values("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body, tag = zipped, tag+"-gz"
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	if known(r.Header.Values("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		// A client that hung up is of no interest here.
		_, _ = io.Copy(w, bytes.NewReader(body))
	}
}

// known reports whether a client has the contents of a tag.
func known(values []string, tag string) bool {
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == "*" || part == `"`+tag+`"` {
			return true
		}
	}
	return false
}

// takesGzip reads Accept-Encoding: gzip, x-gzip or * with a weight above zero.
// What is said of gzip by name outweighs what is said of *.
func takesGzip(values []string) bool {
	rest := false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		accepted := weight(parameters) > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			rest = accepted
		}
	}
	return rest
}

// weight reads the q parameter of a list member; it is 1 when there is none
// and 0 when it cannot be read.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, found := strings.Cut(parameter, "=")
		if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 1
}
