# ./dev holds the logic, for machines without make; ARGS passes more words on:
# make test ARGS="-k press"
targets := help demo test check format messages bench clean

.PHONY: $(targets)
$(targets):
	@sh ./dev $@ $(ARGS)
