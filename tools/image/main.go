// Command image makes the container image without a container engine: the
// program and the certificates of public authorities on nothing, for a user
// without rights. It writes an OCI layout with all platforms, and a file for
// docker load of each. The same source gives the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"clientele/tools/internal/product"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	source := flags.String("source", "..", "the source tree")
	out := flags.String("out", "../bin/image", "where to write, a directory that is made anew")
	tag := flags.String("tag", "clientele:latest", "what docker load calls the image")
	platforms := flags.String("platforms", "linux/amd64,linux/arm64", "what to make it for")
	binary := flags.String("binary", "", "a program that is built already, for one platform")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ref, err := name.NewTag(*tag)
	if err != nil {
		return err
	}
	var list []product.Platform
	for text := range strings.SplitSeq(*platforms, ",") {
		p, err := product.Parse(text)
		if err != nil {
			return err
		}
		list = append(list, p)
	}
	if *binary != "" && len(list) != 1 {
		return errors.New("-binary is for one platform: name it by -platforms")
	}
	if err := os.RemoveAll(*out); err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	index := v1.ImageIndex(mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	for _, p := range list {
		program := *binary
		if program == "" {
			program = filepath.Join(*out, "clientele-"+p.Arch)
			if err := product.Build(ctx, *source, p, program); err != nil {
				return err
			}
			defer os.Remove(program)
		}
		img, err := image(p, program)
		if err != nil {
			return err
		}
		file := filepath.Join(*out, "clientele-"+p.OS+"-"+p.Arch+".tar")
		if err := tarball.WriteToFile(file, ref, img); err != nil {
			return err
		}
		if err := tell(file, img); err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.OS, Architecture: p.Arch}}})
	}
	dir := filepath.Join(*out, "oci")
	to, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := to.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": ref.TagStr()})); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%s %s\n", digest, dir)
	return nil
}

// tell prints the digest of an image, and how much of it is sent to a registry.
func tell(file string, img v1.Image) error {
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	var size int64
	for _, l := range layers {
		n, err := l.Size()
		if err != nil {
			return err
		}
		size += n
	}
	fmt.Printf("%s %s, %.1f MB\n", digest, file, float64(size)/1e6)
	return nil
}
