package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/app"
	"clientele/internal/auth"
)

type storefrontTokenCommands struct {
	List   storefrontTokenList   `cmd:"" help:"List the newest storefront tokens, without their texts."`
	Revoke storefrontTokenRevoke `cmd:"" help:"End a storefront token before its time."`
}

type storefrontTokenList struct {
	ofStore
	Kind     []string `env:"-" enum:"storefront,private,customer_impersonation" placeholder:"KIND" help:"Only tokens of this kind: storefront, private or customer_impersonation."`
	ClientID string   `name:"client-id" env:"-" placeholder:"ID" help:"Only tokens that the API account with this client id made."`
	Limit    int      `env:"-" default:"50" placeholder:"N" help:"How many (default: ${default})."`
}

func (c *storefrontTokenList) Run(ctx context.Context) error {
	if c.Limit < 1 || c.Limit > 10000 {
		return &app.ConfigError{Err: errors.New("--limit must be 1 to 10000")}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	w := table("ID", "KIND", "STATUS", "CLIENT ID", "KEY", "CHANNELS", "SCOPES", "ORIGINS", "CREATED", "EXPIRES", "LAST USED")
	query := url.Values{}
	if len(c.Kind) > 0 {
		query.Set("kind:in", strings.Join(c.Kind, ","))
	}
	if c.ClientID != "" {
		query.Set("client_id", c.ClientID)
	}
	for left := c.Limit; left > 0; {
		query.Set("limit", strconv.Itoa(min(left, 250)))
		q, err := auth.StorefrontTokenList.Parse(query.Encode())
		if err != nil {
			return err
		}
		page, res, err := core.Tokens.List(ctx, st.ID, q)
		if err != nil {
			return err
		}
		for i := range page {
			t := &page[i]
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Kind, t.Status, cmp.Or(t.ClientID, "-"), t.KeyID,
				listed(t.Channels), listed(t.Scopes), listed(t.Origins), date(t.Issued), date(t.Expires), date(t.Used))
		}
		if left -= len(page); !res.After {
			break
		}
		query.Set("after", q.EndCursor(res))
	}
	return w.Flush()
}

// listed writes a list for a table.
func listed[T any](list []T) string {
	return cmp.Or(strings.Trim(fmt.Sprint(list), "[]"), "-")
}

type storefrontTokenRevoke struct {
	ofStore
	ID int64 `arg:"" help:"The token's id, as listed."`
}

func (c *storefrontTokenRevoke) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Tokens.RevokeID(ctx, st.ID, c.ID); err != nil {
		return err
	}
	fmt.Printf("Storefront token %d is revoked. Running servers refuse it within a second.\n", c.ID)
	return nil
}

type storefrontKeyCommands struct {
	List   storefrontKeyList   `cmd:"" help:"List the keys that storefront tokens are signed with."`
	Rotate storefrontKeyRotate `cmd:"" help:"Make a key that signs from now on; tokens signed with others stay good."`
	Retire storefrontKeyRetire `cmd:"" help:"End a key for good, with all tokens that were signed with it."`
}

type storefrontKeyList struct{ ofStore }

func (c *storefrontKeyList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	keys, err := core.Tokens.Keys(ctx, st.ID)
	if err != nil {
		return err
	}
	w := table("KEY", "CREATED", "RETIRED", "SIGNS")
	for _, k := range keys {
		signs := "-"
		if k.Signs {
			signs = "yes"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", k.ID, date(k.Created), date(k.Retired), signs)
	}
	return w.Flush()
}

type storefrontKeyRotate struct{ ofStore }

func (c *storefrontKeyRotate) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	id, err := core.Tokens.RotateKey(ctx, st.ID)
	if err != nil {
		return err
	}
	fmt.Printf("Storefront key %d signs from now on. Tokens signed with other keys stay good until these are retired.\n", id)
	return nil
}

type storefrontKeyRetire struct {
	ofStore
	Key int64 `arg:"" help:"The key, as listed."`
}

func (c *storefrontKeyRetire) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	signs, err := core.Tokens.RetireKey(ctx, st.ID, c.Key)
	if err != nil {
		return err
	}
	fmt.Printf("Storefront key %d is retired. Running servers refuse its tokens within a second; key %d signs new ones.\n", c.Key, signs)
	return nil
}
