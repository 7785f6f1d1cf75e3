package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"clientele/internal/app"
	"clientele/internal/store"
)

type storeSettings struct {
	ofStore
	Set  []string `env:"-" sep:"none" placeholder:"KEY=VALUE" help:"Change a setting, such as storefront.guest_checkout=false; without a value it is the default again. May be given several times."`
	File string   `env:"-" type:"existingfile" placeholder:"FILE" help:"Change the settings that a YAML file names, as in a seed's settings; null is the default again."`
}

// Help completes the command's help.
func (storeSettings) Help() string {
	return "Without --set and --file nothing changes. What is printed can be used as --file."
}

func (c *storeSettings) Run(ctx context.Context) error {
	change, err := c.change()
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	var s *store.Settings
	if change == nil {
		s, err = core.Stores.Settings(ctx, st.ID)
	} else {
		s, err = core.Stores.ChangeSettings(ctx, st.ID, change)
	}
	if err != nil {
		return err
	}
	text, err := settingsYAML(s)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

// change returns what the flags ask for, or nil.
func (c *storeSettings) change() (map[string]any, error) {
	if c.File == "" && len(c.Set) == 0 {
		return nil, nil
	}
	out := map[string]any{}
	if c.File != "" {
		text, err := os.ReadFile(c.File)
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(text, &out); err != nil {
			return nil, fmt.Errorf("%s: not a YAML mapping: %w", c.File, err)
		}
	}
	for _, set := range c.Set {
		key, value, ok := strings.Cut(set, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--set %q: want KEY=VALUE", set)
		}
		var v any
		if err := yaml.Unmarshal([]byte(value), &v); err != nil {
			return nil, fmt.Errorf("--set %s: the value is no YAML", key)
		}
		names := strings.Split(key, ".")
		at := out
		for _, name := range names[:len(names)-1] {
			next, ok := at[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[name] = next
			}
			at = next
		}
		at[names[len(names)-1]] = v
	}
	return out, nil
}

// settingsYAML writes settings as a seed has them, but for the secrets.
func settingsYAML(s *store.Settings) ([]byte, error) {
	var root yaml.Node
	if err := root.Encode(s); err != nil {
		return nil, err
	}
	hide(member(member(&root, "storefront"), "recaptcha"), "secret_key", s.Storefront.ReCaptcha.SecretKey != "")
	hide(member(&root, "migration"), "token", s.Migration.Token != "")
	return yaml.Marshal(&root)
}

// hide leaves a secret out of a mapping, and says where it is set.
func hide(c *yaml.Node, name string, set bool) {
	if c == nil {
		return
	}
	for i := 0; i+1 < len(c.Content); i += 2 {
		if c.Content[i].Value == name {
			c.Content = append(c.Content[:i], c.Content[i+2:]...)
			break
		}
	}
	if set && len(c.Content) > 0 {
		c.Content[0].HeadComment = "# " + name + " is set and not shown"
	}
}

// member returns a mapping's member, or nil.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
