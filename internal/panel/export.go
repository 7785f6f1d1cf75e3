package panel

func exportRoutes() []Route { return nil }
