package app_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
)

// eachFile calls each for the files of an archive.
func eachFile(t *testing.T, text []byte, each func(name, content string)) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		each(f.Name, string(content))
	}
}

// unzipped is a part of a bundle.
func unzipped(t *testing.T, text []byte, part string) (out string) {
	t.Helper()
	eachFile(t, text, func(name, content string) {
		if name == part+".ndjson" {
			out = content
		}
	})
	return out
}

// rezipped is a bundle whose files were changed.
func rezipped(t *testing.T, text []byte, change func(part string, lines []string) []string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	eachFile(t, text, func(name, content string) {
		to, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(content, "\n")
		part, _, _ := strings.Cut(name, ".")
		if _, err := io.WriteString(to, strings.Join(change(part, lines[:len(lines)-1]), "")); err != nil {
			t.Fatal(err)
		}
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// middles are where the contents of an archive's files have their middle.
func middles(t *testing.T, text []byte) map[string]int64 {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, f := range z.File {
		at, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		if f.UncompressedSize64 > 0 {
			out[f.Name] = at + int64(f.CompressedSize64/2)
		}
	}
	return out
}
