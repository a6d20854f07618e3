"""Names of update rules in older records, and what they are called now."""

NAMES = {
    "rmsprop-keras2": "rmsprop-keras-2.0",
    "rmsprop-summed-rows": "rmsprop-keras-2.11",
    "adam-keras2": "adam-keras-2.0",
}


def current_name(name: str) -> str:
    """The present name of an update rule, or of anything else."""
    return NAMES.get(name, name)


def current_config(config: dict) -> dict:
    """An older record's `config.json` as it would be written now."""
    config = dict(config)
    for part in ("variant", "protocol"):
        settings = config[part]
        if "optimizer" in settings:
            config[part] = settings | {"optimizer": current_name(settings["optimizer"])}
    if config.get("plain_keras"):
        config["variant"] = config["variant"] | {"plain_keras": True}
    return config
