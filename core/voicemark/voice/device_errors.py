"""What a GPU says when it fails, told from all else that may go wrong."""

DEVICE_WORDS = ("CUDA", "cuDNN", "CUBLAS", "cublas")


def is_gpu_failure(error: BaseException) -> bool:
    """Did the GPU fail, rather than the recording? (Memory is refused by several libraries in several ways.)"""
    return isinstance(error, RuntimeError) and any(word in str(error) for word in DEVICE_WORDS)


def is_out_of_memory(error: BaseException) -> bool:
    """Of a GPU's failures: less at once may do."""
    return is_gpu_failure(error) and ("out of memory" in str(error) or "ALLOC_FAILED" in str(error))
