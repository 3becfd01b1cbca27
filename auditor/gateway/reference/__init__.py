"""The reference's HTTP contract: what its clients send and ask for goes on working."""
