package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed docs/*.html docs/*.js docs/*.css docs/*.gz docs/*.txt
var pageFiles embed.FS

const typeHTML = "text/html; charset=utf-8"

var types = map[string]string{
	".html": typeHTML,
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
}

// An asset is one thing to be served: plain content, or content kept gzipped.
type asset struct {
	kind    string
	content []byte
	zipped  bool
	keep    string // Cache-Control
	tag     string // of the unpacked content, without quotes
}

var pageAssets = sync.OnceValues(func() (map[string]*asset, error) {
	entries, err := pageFiles.ReadDir("docs")
	if err != nil {
		return nil, err
	}
	assets := make(map[string]*asset, len(entries))
	for _, entry := range entries {
		content, err := pageFiles.ReadFile("docs/" + entry.Name())
		if err != nil {
			return nil, err
		}
		name, zipped := strings.CutSuffix(entry.Name(), ".gz")
		kind, ok := types[path.Ext(name)]
		if !ok {
			return nil, fmt.Errorf("api: no media type for %s", entry.Name())
		}
		a := newAsset(kind, content)
		if zipped {
			a.zipped = true
			a.keep = "public, max-age=86400"
		}
		assets[name] = a
	}
	return assets, nil
})

var yamlAsset = sync.OnceValues(func() (*asset, error) {
	return newAsset("application/yaml", document), nil
})

var jsonAsset = sync.OnceValues(func() (*asset, error) {
	text, err := documentJSON()
	if err != nil {
		return nil, err
	}
	return newAsset("application/json", text), nil
})

var schemaAsset = sync.OnceValues(func() (*asset, error) {
	return newAsset("text/plain; charset=utf-8", schema), nil
})

func newAsset(kind string, content []byte) *asset {
	sum := sha256.Sum256(content)
	return &asset{kind: kind, content: content, keep: "no-cache", tag: hex.EncodeToString(sum[:8])}
}

// serve answers a GET or HEAD, unpacking gzipped content for a client that
// does not take it as it is.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.kind)
	header.Set("Cache-Control", a.keep)
	content, tag := a.content, a.tag
	if a.zipped {
		header.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Values("Accept-Encoding")) {
			header.Set("Content-Encoding", "gzip")
			tag += "-gz"
		} else {
			var err error
			if content, err = unzip(content); err != nil {
				header.Del("Cache-Control")
				refuse(w, http.StatusInternalServerError)
				return
			}
		}
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func unzip(content []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
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
