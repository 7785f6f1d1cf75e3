package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/CycloneDX/cyclonedx-go"

	"clientele/tools/internal/product"
)

// bill returns what a program is built of, as the program itself tells it. There
// is neither a time nor a serial number in it, which would differ each time.
func bill(p product.Platform, program, version string) ([]byte, error) {
	text, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	sum := sha256.Sum256(text)
	own := &cyclonedx.Component{
		BOMRef: "clientele", Type: cyclonedx.ComponentTypeApplication, Name: "clientele", Version: version, PackageURL: "pkg:generic/clientele@" + version,
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		Hashes:   &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		Properties: &[]cyclonedx.Property{
			{Name: "platform", Value: p.String()},
		},
	}
	library := func(name, version, purl string) cyclonedx.Component {
		return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: name, Version: version, PackageURL: purl, Scope: cyclonedx.ScopeRequired}
	}
	parts := []cyclonedx.Component{library("std", info.GoVersion, "pkg:golang/std@"+info.GoVersion)}
	needs := []string{parts[0].BOMRef}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := library(m.Path, m.Version, "pkg:golang/"+m.Path+"@"+m.Version)
		parts, needs = append(parts, c), append(needs, c.BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: own}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: own.BOMRef, Dependencies: &needs}}
	var b bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
