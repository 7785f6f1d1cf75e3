package mirror_test

import (
	"slices"
	"testing"

	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/segment"
	"clientele/internal/setting"
)

// What the upstream says of its store, groups, segments and settings is compared, and
// what is only here is not.
func TestDiffOfDefinitions(t *testing.T) {
	each(t, func(p *pair) {
		p.once()
		_, err := p.to.Groups.Create(p.Context(), 1, group.Write{Name: opt.Some("Only here")})
		p.ok(err)
		p.equal()
		_, err = p.from.Groups.Update(p.Context(), 1, 4, group.Write{Name: opt.Some("Retail"), Rules: opt.Some([]group.Rule{})})
		p.ok(err)
		for _, name := range []string{"New", "Newer"} {
			_, err = p.from.Groups.Create(p.Context(), 1, group.Write{Name: opt.Some(name)})
			p.ok(err)
		}
		_, err = p.from.Segments.Update(p.Context(), 1, []segment.Update{{UUID: best, Name: opt.Some("Better")}})
		p.ok(err)
		_, err = p.from.Settings.Put(p.Context(), 1, 0, setting.Update{PolicyURL: opt.Some("https://example.com/privacy")})
		p.ok(err)
		_, err = p.from.Stores.ChangeSettings(p.Context(), 1, map[string]any{"phone": "+351 2"})
		p.ok(err)
		want := []string{
			`store: phone is "+351 2" there and "+351 1" here`,
			`group 4: discount_rules is "" there and "[{Type:all Method:percent Amount:125000 Target:0}]" here`,
			`group 4: name is "Retail" there and "Wholesale" here`,
			`group 10: name is "New" there and "Only here" here`,
			`group 11 is there only`,
			`segment ` + best + `: name is "Better" there and "Best" here`,
			`settings of customers: policy_url is "https://example.com/privacy" there and "" here`,
		}
		if got := p.differs(); !slices.Equal(got, want) {
			p.Errorf("%q\nwant\n%q", got, want)
		}
		p.once()
		p.equal()
	})
}
