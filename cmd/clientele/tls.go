package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"clientele/internal/app"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

type tlsCommand struct {
	app.Database
	Dir string `arg:"" type:"path" help:"The directory for cert.pem and key.pem."`
}

// Run makes a self-signed certificate. Names are listed one by one: clients
// do not accept a wildcard for a domain without a dot. Without a database it
// names this machine only.
func (c *tlsCommand) Run(ctx context.Context) error {
	names := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	core, err := openExisting(ctx, c.Database)
	var config *app.ConfigError
	switch {
	case errors.As(err, &config):
		return err
	case err != nil:
		fmt.Printf("There is no database to read stores from (%v), so the certificate names this machine only.\nFor store-HASH.localhost make it anew once the server has started.\n", err)
		return writeCertificate(system.Real(), c.Dir, names)
	}
	defer core.DB.Close()
	stores, err := core.Stores.List(ctx)
	if err != nil {
		return err
	}
	for _, st := range stores {
		err := core.DB.Read(ctx, st.ID, func(tx *sqldb.Tx) error {
			channels, err := store.Channels(tx)
			for _, ch := range channels {
				names[fmt.Sprintf("store-%s-%d.localhost", st.Hash, ch.ID)] = true
				if u, err := url.Parse(ch.URL); err == nil && u.Hostname() != "" {
					names[u.Hostname()] = true
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		names["store-"+st.Hash+".localhost"] = true
	}
	return writeCertificate(core.System, c.Dir, names)
}

func writeCertificate(sys *system.System, dir string, names map[string]bool) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), sys.Random)
	if err != nil {
		return err
	}
	var serial [15]byte
	sys.Bytes(serial[:])
	now := sys.Clock()
	cert := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:]), Subject: pkix.Name{CommonName: "Clientele development"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true, IsCA: true,
	}
	for name := range names {
		if ip := net.ParseIP(name); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(sys.Random, cert, cert, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, f := range []struct {
		name, kind string
		der        []byte
		mode       os.FileMode
	}{{"cert.pem", "CERTIFICATE", der, 0o644}, {"key.pem", "PRIVATE KEY", secret, 0o600}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), f.mode); err != nil {
			return err
		}
	}
	fmt.Printf("Wrote a certificate for %d names. Serve with --tls-cert %[2]s/cert.pem --tls-key %[2]s/key.pem and\ntrust it: NODE_EXTRA_CA_CERTS=%[2]s/cert.pem, curl --cacert %[2]s/cert.pem.\n", len(names), dir)
	return nil
}
