package app

import (
	"context"
	"fmt"
	"strings"

	"clientele/internal/seed"
)

// samples are names of customers who do not exist, with where they live.
var (
	firstNames = []string{"Ada", "Bruno", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luis"}
	lastNames  = []string{"Archer", "Brand", "Costa", "Dubois", "Eriksen"}
	places     = []string{
		`city: Austin, state_or_province: Texas, postal_code: "78701", country_code: US`,
		`city: Berlin, postal_code: "10115", country_code: DE`,
		`city: Lyon, postal_code: "69001", country_code: FR`,
	}
)

// sample fills a store with customers to look around with.
func (c *Core) sample(ctx context.Context, storeHash string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "stores:\n  - hash: %s\n    customer_groups: [{name: Regulars}, {name: Wholesale}]\n    customers:\n", storeHash)
	n := 0
	for i, last := range lastNames {
		for j, first := range firstNames {
			n++
			fmt.Fprintf(&b, "      - {email: %s.%s@sample.example, first_name: %s, last_name: %s, store_credit: \"%d\", addresses: [{first_name: %[3]s, last_name: %[4]s, address1: %[6]d Sample Street, %s}]}\n",
				strings.ToLower(first), strings.ToLower(last), first, last, (i*7+j)%4*5, n, places[(i+j)%len(places)])
		}
	}
	b.WriteString("    subscribers:\n")
	for _, first := range firstNames[:6] {
		fmt.Fprintf(&b, "      - {email: %s.reader@sample.example, first_name: %s}\n", strings.ToLower(first), first)
	}
	doc, err := seed.Parse([]byte(b.String()))
	if err != nil {
		return err
	}
	_, err = c.Seed(ctx, doc, false)
	return err
}
