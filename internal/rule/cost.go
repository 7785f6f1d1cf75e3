package rule

// Cost is how a store is searched for those whom a rule finds.
type Cost string

// The costs of rules.
const (
	Indexed Cost = "indexed" // an index leads to them
	Scan    Cost = "scan"    // all customers are looked at
)

// Cost tells how costly it is to find everybody.
func (c *Checked) Cost() Cost {
	if c.narrow(c.Root) {
		return Indexed
	}
	return Scan
}

// narrow reports whether an index leads to whom a node finds.
func (c *Checked) narrow(n *Node) bool {
	switch n.Kind {
	case And:
		for _, inner := range n.Nodes {
			if c.narrow(inner) {
				return true
			}
		}
		return false
	case Or:
		for _, inner := range n.Nodes {
			if !c.narrow(inner) {
				return false
			}
		}
		return true
	case Compare:
		f := c.conds[n]
		switch n.Op {
		case Eq, In:
			return f.index || f.name == "email" || f.name == "metafield"
		case Starts:
			return f.index || f.name == "metafield"
		case Contains, Ends:
			return f.name == "metafield"
		case Lt, Le, Gt, Ge, Between:
			return f.index || f.name == "metafield"
		case Member:
			return true
		}
	}
	return false
}
