from tests.embedded import ledger as ledger
from tests.embedded import ledger_store as ledger_store
