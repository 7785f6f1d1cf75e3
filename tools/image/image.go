package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"clientele/tools/internal/archive"
	"clientele/tools/internal/product"
)

// user is who the program runs as, by number: a cluster that refuses root reads
// nothing else.
const user = 65532

// config is what the Dockerfile says too.
func config() v1.Config {
	return v1.Config{
		User:       fmt.Sprintf("%d:%[1]d", user),
		Entrypoint: []string{"/clientele"},
		Cmd:        []string{"serve"},
		WorkingDir: "/data",
		Env: []string{
			"CLIENTELE_DATABASE=sqlite:/data/clientele.db",
			"CLIENTELE_LISTEN=0.0.0.0:8080",
			"TMPDIR=/data", // the one place that can be written
		},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", "/clientele", "healthcheck"}, Interval: 2 * time.Second, Timeout: 5 * time.Second, StartPeriod: 5 * time.Second, Retries: 3,
		},
		Labels: map[string]string{"org.opencontainers.image.title": "Clientele", "org.opencontainers.image.licenses": "Apache-2.0"},
	}
}

// image returns the image of a program.
func image(p product.Platform, program string) (v1.Image, error) {
	text, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	img, err := mutate.ConfigFile(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), &v1.ConfigFile{
		OS: p.OS, Architecture: p.Arch, Created: v1.Time{Time: time.Unix(0, 0).UTC()}, Config: config(), RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	// What rarely changes comes first, so that it is sent once.
	for _, l := range []struct {
		by    string
		files []file
	}{
		{"certificates and a user", base()},
		{"the program", []file{{path: "clientele", mode: 0o755, text: text}}},
	} {
		layer, err := pack(l.files)
		if err != nil {
			return nil, err
		}
		img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: l.by}})
		if err != nil {
			return nil, err
		}
	}
	return img, nil
}

// file is a file of a layer; a path that ends with a slash is a directory.
type file struct {
	path  string
	mode  int64
	owner int
	text  []byte
}

// base is what a program needs of a system.
func base() []file {
	return []file{
		{path: "etc/", mode: 0o755},
		{path: "etc/group", mode: 0o644, text: fmt.Appendf(nil, "clientele:x:%d:\n", user)},
		{path: "etc/passwd", mode: 0o644, text: fmt.Appendf(nil, "clientele:x:%d:%[1]d::/data:/nologin\n", user)},
		{path: "etc/ssl/", mode: 0o755},
		{path: "etc/ssl/certs/", mode: 0o755},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, text: authorities()},
		{path: "data/", mode: 0o700, owner: user},
	}
}

// authorities returns the certificates of the public authorities that Mozilla
// trusts, in PEM. They come from a Go module, which go.sum holds: those of the
// machine would make another image on each. Authorities that are trusted only
// for what they signed before some day are left out, as a file of certificates
// cannot say so.
func authorities() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		// A Buffer takes everything.
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
	}
	return b.Bytes()
}

// pack returns a layer.
func pack(files []file) (v1.Layer, error) {
	entries := make([]archive.Entry, len(files))
	for i, f := range files {
		entries[i] = archive.Entry{Header: tar.Header{Name: f.path, Mode: f.mode, Uid: f.owner, Gid: f.owner, Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0)}, Text: f.text}
		if f.path[len(f.path)-1] == '/' {
			entries[i].Typeflag = tar.TypeDir
		}
	}
	packed, err := archive.Zstandard(entries)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil }, tarball.WithMediaType(types.OCILayerZStd))
}
