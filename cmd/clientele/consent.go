package main

import (
	"context"
	"fmt"
	"os"

	"clientele/internal/app"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
)

type consentCommands struct {
	Export consentExport `cmd:"" help:"Write the proof of consents to a file, signed by the store's key."`
	Verify consentVerify `cmd:"" help:"Check such a file, without a database."`
}

type consentExport struct {
	ofStore
	Email string `env:"-" placeholder:"ADDRESS" help:"Only of this address."`
	File  string `arg:"" help:"The file to write. It must not exist."`
}

func (c *consentExport) Run(ctx context.Context) (err error) {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	keys, err := core.Keys.Keys(ctx, st.ID)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	n, err := core.Subscribers.Export(ctx, st.ID, st.Hash, c.Email, keys, f)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(c.File)
		return err
	}
	fmt.Printf("%d entries, signed with the key %s.\n", n, keys.Public.ID)
	return nil
}

type consentVerify struct {
	Key  string `env:"-" placeholder:"KEY" help:"The store's public key, as /v3/clientele/keys tells it in base64 (default: the one that the file names)."`
	File string `arg:"" type:"existingfile" help:"The file."`
}

// Help completes the command's help.
func (consentVerify) Help() string {
	return "Whoever does not trust where the file comes from gives the key, as it was known before."
}

func (c *consentVerify) Run() error {
	var key *storekey.PublicKey
	if c.Key != "" {
		k, err := storekey.ParsePublicKey(c.Key)
		if err != nil {
			return &app.ConfigError{Err: fmt.Errorf("--key: %w", err)}
		}
		key = &k
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	is, err := subscriber.VerifyExport(f, key)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	fmt.Printf("%d entries of the store %s, exported at %s, are as the key %s signed them.\n", is.Entries, is.Store, is.Time, is.Key.ID)
	if key == nil {
		fmt.Println("The key is the one that the file names: compare it with the store's, or give --key.")
	}
	return nil
}
