def tell(history):
    return 0
