package figure

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{
		Table: "daily_figures", Key: "day, kind", Columns: "day int, kind int, value int",
		Own: portable.Everything, Clear: true, // the days of a new store are closed as well
	}.Part(),
}
