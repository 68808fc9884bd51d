"""What the stores of a process may hold in memory, and how they look things up and sort what they have written."""

from __future__ import annotations

from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, WriteBufferManager

# What is written is digits, and ids in no order. To compress it, and to sort four files of 4 MiB into a level that is
# written again for each, took 14 CPU-microseconds in all threads for a put and its look-up, with three million in a
# space. As it is here it takes 4.7, and 1.6 times the disk.
_WRITE_BUFFER, _SORTED_AT = 8 << 20, 8
# Each space takes at least one of these, and RocksDB would make it an eighth of a buffer.
_ARENA = 128 << 10
_WAL_BYTES = 64 << 20
_BLOOM_BITS = 10
# Of a write buffer, for the same filter over what is in it: of the ids of commands nearly all are new, and to find none
# among the written ones took 1.3 µs, of which 0.4 are left.
_BUFFER_BLOOM = 0.025


class Memory:
    """Bounds for all stores together, in bytes: of what they have read, and of what they will write."""

    def __init__(self, *, read: int, written: int) -> None:
        self._read = Cache(read)
        self._written = WriteBufferManager(written, False)  # noqa: FBT003  # as it is bound

    def options(self) -> Options:
        """How a space is kept."""
        blocks = BlockBasedOptions()
        blocks.set_bloom_filter(_BLOOM_BITS, False)  # noqa: FBT003  # as it is bound
        blocks.set_block_cache(self._read)
        blocks.set_cache_index_and_filter_blocks(True)  # as above
        options = Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003  # as above
        options.set_block_based_table_factory(blocks)
        options.set_write_buffer_size(_WRITE_BUFFER)
        options.set_arena_block_size(_ARENA)
        options.set_write_buffer_manager(self._written)
        options.set_memtable_prefix_bloom_ratio(_BUFFER_BLOOM)
        options.set_memtable_whole_key_filtering(True)
        options.set_compression_type(DBCompressionType.none())
        options.set_level_zero_file_num_compaction_trigger(_SORTED_AT)
        options.set_max_total_wal_size(_WAL_BYTES)
        options.set_keep_log_file_num(2)
        return options
