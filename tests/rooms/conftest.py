from tests.embedded import bus_client as bus_client
from tests.embedded import bus_store as bus_store
from tests.embedded import ledger as ledger
from tests.embedded import ledger_store as ledger_store
from tests.embedded import nodes as nodes
