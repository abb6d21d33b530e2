"""The eight steps to S3 and the five back, one module each; `wizard.migration` has their order."""
