"""The Textual app: one module a step, of the same name as in `wizard/steps/`."""
