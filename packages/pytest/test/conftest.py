pytest_plugins = ["pytest_clientele"]
