"""Amazon's regions."""

from __future__ import annotations

from wizard.storage.aws_regions import aws_regions


def test_all_that_anybody_can_use_are_there() -> None:
    regions = aws_regions()
    assert {"eu-central-1", "us-east-1", "mx-central-1", "us-gov-west-1", "cn-north-1"} <= set(
        regions
    )
    assert not [region for region in regions if "iso" in region or region == "aws-global"]
    assert len(set(regions)) == len(regions)
