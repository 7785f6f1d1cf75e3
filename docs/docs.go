// Package docs holds the documents of this directory, so that the program can
// show them without a network.
package docs

import "embed"

// Files are the documents, in Markdown, and their pictures.
//
//go:embed *
var Files embed.FS
