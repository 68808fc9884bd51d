"""The aggregates that this service owns: a new one is one more line here."""

from service.domain.aggregate import Aggregate
from service.domain.ship import SHIP
from service.domain.user import USER

__all__ = ["AGGREGATES", "Aggregate"]

AGGREGATES: dict[str, Aggregate] = {aggregate.name: aggregate for aggregate in (SHIP, USER)}
