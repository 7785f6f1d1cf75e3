package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clientele/internal/app"
)

type secretsCommands struct {
	Status secretsStatus `cmd:"" help:"Count secrets by the keys that they are encrypted under."`
	Rotate secretsRotate `cmd:"" help:"Encrypt secrets anew under the newest key, while servers run."`
}

type secretsStatus struct{ app.Database }

func (c *secretsStatus) Run(ctx context.Context) error {
	// With a key missing too: this is where to look then.
	db, err := app.OpenSecrets(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	counts, err := db.CountSecrets(ctx, app.Secrets())
	if err != nil {
		return err
	}
	have := db.SecretKeys()
	for i, id := range have {
		what := "can be read"
		if i == 0 {
			what = "encrypts"
		}
		fmt.Printf("Key %s: in the file, %s.\n", id, what)
	}
	if len(have) == 0 {
		fmt.Println("No key: secrets are stored as they are. Set --secret-key-file.")
	}
	w := table("TABLE", "COLUMN", "KEY", "VALUES", "")
	for _, n := range counts {
		key, note := n.Key, ""
		switch {
		case key == "":
			key, note = "-", "not encrypted"
		case !slices.Contains(have, key):
			note = "the key is missing"
		case key != have[0]:
			note = "of an older key"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", n.Table, n.Name, key, n.Values, note)
	}
	return w.Flush()
}

type secretsRotate struct{ app.Database }

// Help completes the command's help.
func (secretsRotate) Help() string {
	return "First give every server a file that has the new key below the old one, then one with the new key first; after this command the old key can leave the file. It may be stopped at any time and goes on when it is called again. Backups stay encrypted under the keys of their day."
}

func (c *secretsRotate) Run(ctx context.Context) error {
	if c.SecretKeyFile == "" {
		return &app.ConfigError{Err: errors.New("--secret-key-file is needed: there is no key to encrypt under")}
	}
	core, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	did, err := core.DB.Reseal(ctx, app.Secrets())
	if err != nil {
		return fmt.Errorf("%w; %d secret(s) were encrypted anew before: call this again", err, did.Changed)
	}
	fmt.Printf("Encrypted %d secret(s) anew under the key %s.\n", did.Changed, core.DB.SecretKeys()[0])
	switch {
	case did.Left > 0:
		return fmt.Errorf("%d secret(s) are left as they were: %w", did.Left, did.Reason)
	case len(did.InUse) > 0:
		return fmt.Errorf("a server still encrypts under %s: give it the same file and call this again", strings.Join(did.InUse, ", "))
	}
	if old := core.DB.SecretKeys()[1:]; len(old) > 0 {
		fmt.Printf("No secret is under the other key(s) of the file, %s. They are needed for backups from before.\n", strings.Join(old, ", "))
	}
	return nil
}
