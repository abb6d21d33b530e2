"""The eight steps of a migration, one module each, in the order of `wizard.migration`."""
